// Planes of the scale space: float32 samples on grids of every 2^octave-th pixel, channels side by side. Points that
// a plane lacks count 0. One invocation computes one sample.

struct Params {
  fromX: i32, // the plane that is read, in points of its grid
  fromY: i32,
  fromWidth: i32,
  fromHeight: i32,
  toX: i32, // the plane that is written, in points of its own
  toY: i32,
  toWidth: i32,
  toHeight: i32,
  channels: i32,
  taps: i32, // where the weights stand, centre first
  radius: i32,
}

/// A sample of the plane that is written.
struct Place {
  x: i32,
  y: i32,
  channel: i32,
  inside: bool,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> plane: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

fn placeOf(at: u32) -> Place {
  let lanes = u32(params.toWidth * params.channels);
  let row = at / lanes;
  let lane = i32(at - row * lanes);
  let pixel = lane / params.channels;
  return Place(params.toX + pixel, params.toY + i32(row), lane - pixel * params.channels, row < u32(params.toHeight));
}

fn sampleAt(x: i32, y: i32, channel: i32) -> f32 {
  return plane[u32(((y - params.fromY) * params.fromWidth + x - params.fromX) * params.channels + channel)];
}

/// The next coarser grid: the mean of (1 4 6 4 1)/16 around each of its points in both directions.
@compute @workgroup_size(64)
fn decimate(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let at = linearId(group, groups, local);
  let place = placeOf(at);
  if (!place.inside) {
    return;
  }
  var sum = 0.0;
  for (var y = max(2 * place.y - 2, params.fromY); y <= min(2 * place.y + 2, params.fromY + params.fromHeight - 1); y++) {
    var line = 0.0;
    for (var x = max(2 * place.x - 2, params.fromX); x <= min(2 * place.x + 2, params.fromX + params.fromWidth - 1); x++) {
      line += binomial(x - 2 * place.x) * sampleAt(x, y, place.channel);
    }
    sum += binomial(y - 2 * place.y) * line;
  }
  result[at] = sum;
}

fn binomial(offset: i32) -> f32 {
  let distance = abs(offset);
  return select(select(0.0625, 0.25, distance == 1), 0.375, distance == 0);
}

@compute @workgroup_size(64)
fn alongRows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let at = linearId(group, groups, local);
  let place = placeOf(at);
  if (!place.inside) {
    return;
  }
  let last = min(place.x + params.radius, params.fromX + params.fromWidth - 1);
  var sum = 0.0;
  for (var x = max(place.x - params.radius, params.fromX); x <= last; x++) {
    sum += weights[params.taps + abs(x - place.x)] * sampleAt(x, place.y, place.channel);
  }
  result[at] = sum;
}

@compute @workgroup_size(64)
fn downColumns(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let at = linearId(group, groups, local);
  let place = placeOf(at);
  if (!place.inside) {
    return;
  }
  let last = min(place.y + params.radius, params.fromY + params.fromHeight - 1);
  var sum = 0.0;
  for (var y = max(place.y - params.radius, params.fromY); y <= last; y++) {
    sum += weights[params.taps + abs(y - place.y)] * sampleAt(place.x, y, place.channel);
  }
  result[at] = sum;
}
