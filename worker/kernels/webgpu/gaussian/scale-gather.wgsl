// Pixels from the levels of the scale space. Sums start with what the direct sum gives below sigma 1, then every level
// adds its share to the pixels whose interval it bounds. One invocation computes one sample.

struct Params {
  fromX: i32, // the plane that is read, in points of its grid
  fromY: i32,
  fromWidth: i32,
  fromHeight: i32,
  outputX: i32, // the output, in pixels
  outputY: i32,
  outputWidth: i32,
  x: i32, // the part of it that this dispatch is for
  y: i32,
  width: i32,
  height: i32,
  channels: i32,
  taps: i32, // where a level's weights stand, centre first
  radius: i32,
  above: i32, // the interval above this level and the one below, -1 where that is another octave's
  below: i32,
  octave: i32,
}

/// A sample of the output.
struct Place {
  x: i32,
  y: i32,
  channel: i32,
  pixel: u32,
  at: u32,
  inside: bool,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> plane: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;
@group(0) @binding(4) var<storage, read> sigmas: array<f32>;

fn placeOf(id: u32) -> Place {
  let lanes = u32(params.width * params.channels);
  let row = id / lanes;
  let lane = i32(id - row * lanes);
  let column = lane / params.channels;
  let x = params.x + column;
  let y = params.y + i32(row);
  let channel = lane - column * params.channels;
  let pixel = u32((y - params.outputY) * params.outputWidth + x - params.outputX);
  return Place(x, y, channel, pixel, pixel * u32(params.channels) + u32(channel), row < u32(params.height));
}

fn sampleAt(x: i32, y: i32, channel: i32) -> f32 {
  return plane[u32(((y - params.fromY) * params.fromWidth + x - params.fromX) * params.channels + channel)];
}

/// What share this level has in a pixel.
fn shareOf(pixel: u32) -> f32 {
  let sigma = sigmas[pixel];
  if (sigma < 1.0) {
    return 0.0;
  }
  let standing = standingOf(sigma);
  if (standing.interval == params.above) {
    return 1.0 - standing.share;
  }
  return select(0.0, standing.share, standing.interval == params.below);
}

@compute @workgroup_size(64)
fn begin(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let place = placeOf(linearId(group, groups, local));
  if (!place.inside) {
    return;
  }
  let sigma = sigmas[place.pixel];
  sums[place.at] = 0.0;
  if (sigma >= 1.0) {
    return;
  }
  let radius = radiusOf(sigma);
  if (radius == 0) {
    sums[place.at] = sampleAt(place.x, place.y, place.channel);
    return;
  }
  let rate = 0.72134752 / (sigma * sigma);
  let right = min(place.x + radius, params.fromX + params.fromWidth - 1);
  let bottom = min(place.y + radius, params.fromY + params.fromHeight - 1);
  var sum = 0.0;
  var total = 0.0;
  for (var y = max(place.y - radius, params.fromY); y <= bottom; y++) {
    for (var x = max(place.x - radius, params.fromX); x <= right; x++) {
      let weight = weightAt(y - place.y, rate) * weightAt(x - place.x, rate);
      sum += weight * sampleAt(x, y, place.channel);
      total += weight;
    }
  }
  sums[place.at] = sum / total;
}

/// A level on the full grid, of which the plane holds the rows' sums.
@compute @workgroup_size(64)
fn addFine(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let place = placeOf(linearId(group, groups, local));
  if (!place.inside) {
    return;
  }
  let share = shareOf(place.pixel);
  if (share == 0.0) {
    return;
  }
  let last = min(place.y + params.radius, params.fromY + params.fromHeight - 1);
  var sum = 0.0;
  for (var y = max(place.y - params.radius, params.fromY); y <= last; y++) {
    sum += weights[params.taps + abs(y - place.y)] * sampleAt(place.x, y, place.channel);
  }
  sums[place.at] += share * sum;
}

/// A level on a coarser grid, brought back by cubic B-splines.
@compute @workgroup_size(64)
fn addCoarse(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let place = placeOf(linearId(group, groups, local));
  if (!place.inside) {
    return;
  }
  let share = shareOf(place.pixel);
  if (share == 0.0) {
    return;
  }
  let spacing = 1 << u32(params.octave);
  // An arithmetic shift, so that points are counted from minus infinity.
  let x = place.x >> u32(params.octave);
  let y = place.y >> u32(params.octave);
  let across = splines(f32(place.x - x * spacing) / f32(spacing));
  let down = splines(f32(place.y - y * spacing) / f32(spacing));
  var sum = 0.0;
  for (var j = 0; j < 4; j++) {
    var line = 0.0;
    for (var i = 0; i < 4; i++) {
      line += across[i] * sampleAt(x - 1 + i, y - 1 + j, place.channel);
    }
    sum += down[j] * line;
  }
  sums[place.at] += share * sum;
}

/// The weights of the points one before, at, one and two behind a place t of the way between two.
fn splines(t: f32) -> vec4<f32> {
  let u = 1.0 - t;
  return vec4<f32>(u * u * u, 4.0 - 6.0 * t * t + 3.0 * t * t * t, 4.0 - 6.0 * u * u + 3.0 * u * u * u, t * t * t) / 6.0;
}
