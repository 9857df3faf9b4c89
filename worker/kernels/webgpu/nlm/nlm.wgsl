// Non-local means: worker/kernels/reference/nlm.ts. One workgroup computes 64 pixels of a row. For each offset of the
// window its invocations sum the squared differences of the patches' columns, which they share, then each those of its own
// patch: an offset costs two patch sides a pixel and not their square. Nothing slides: no rounding is carried along.

const ACROSS = 64u;
// Columns of the patches of a workgroup's pixels; a patch is at most 31 wide.
const MOST_COLUMNS = 94u;
// Above the number of a column's pairs, of which it has at most 31 for each of four channels.
const BAD_PAIR = 0x10000u;

struct Params {
  inputWidth: i32,
  inputHeight: i32,
  width: u32,    // of the output
  height: u32,
  x: i32,        // its first pixel in the input
  y: i32,
  patchReach: i32,
  windowReach: i32,
  bias: f32,     // 2σ²
  scale: f32,    // 1/h²
  segments: u32, // workgroups in a row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> means: array<u32>; // floats, as bits
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

var<workgroup> squares: array<f32, MOST_COLUMNS>;
var<workgroup> counts: array<u32, MOST_COLUMNS>; // pairs, and how many of them are no numbers

@compute @workgroup_size(64)
fn nlmMeans(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let number = group.y * groups.x + group.x;
  let row = number / params.segments;
  if (row >= params.height) {
    return;
  }
  let first = (number - row * params.segments) * ACROSS;
  let isInside = first + local < params.width;
  let centre = vec2<i32>(params.x + i32(first + local), params.y + i32(row));
  let columns = ACROSS + 2u * u32(params.patchReach);
  var sums = vec4<f32>();
  var totals = vec4<f32>();
  var bad = 0u; // one bit a channel
  for (var dy = -params.windowReach; dy <= params.windowReach; dy++) {
    for (var dx = -params.windowReach; dx <= params.windowReach; dx++) {
      for (var column = local; column < columns; column += ACROSS) {
        let x = params.x + i32(first + column) - params.patchReach;
        addColumn(column, vec2<i32>(x, centre.y), vec2<i32>(dx, dy));
      }
      workgroupBarrier();
      if (isInside) {
        let pair = centre + vec2<i32>(dx, dy);
        let isHere = isHeld(pair);
        let weight = weightFor(local);
        for (var channel = 0u; channel < CHANNELS; channel++) {
          let bits = select(0u, sampleAt(indexOf(pair) * CHANNELS + channel), isHere);
          if (isHere && !isInvalid(indexOf(pair), channel)) {
            bad |= select(0u, 1u << channel, isBad(bits) || weight < 0.0);
            sums[channel] += weight * numberOf(bits);
            totals[channel] += weight;
          }
        }
      }
      workgroupBarrier();
    }
  }
  if (isInside) {
    for (var channel = 0u; channel < CHANNELS; channel++) {
      let total = totals[channel];
      let mean = select(sums[channel] / max(total, 1e-37), 0.0, total == 0.0);
      let isNumber = ((bad >> channel) & 1u) == 0u;
      means[(row * params.width + first + local) * CHANNELS + channel] = select(NOT_A_NUMBER, bitcast<u32>(mean), isNumber);
    }
  }
}

/// The squared differences of a patch's column and of the one that lies an offset away, all channels together.
fn addColumn(column: u32, middle: vec2<i32>, offset: vec2<i32>) {
  var square = 0.0;
  var count = 0u;
  for (var j = -params.patchReach; j <= params.patchReach; j++) {
    let a = middle + vec2<i32>(0, j);
    let b = a + offset;
    if (isHeld(a) && isHeld(b)) {
      for (var channel = 0u; channel < CHANNELS; channel++) {
        if (!isInvalid(indexOf(a), channel) && !isInvalid(indexOf(b), channel)) {
          let left = sampleAt(indexOf(a) * CHANNELS + channel);
          let right = sampleAt(indexOf(b) * CHANNELS + channel);
          let apart = numberOf(left) - numberOf(right);
          square += apart * apart;
          count += 1u + select(0u, BAD_PAIR, isBad(left) || isBad(right));
        }
      }
    }
  }
  squares[column] = square;
  counts[column] = count;
}

/// How much an offset weighs for a pixel; below 0 where a sample of either patch is no number.
fn weightFor(local: u32) -> f32 {
  var square = 0.0;
  var pairs = 0u;
  var bad = 0u;
  for (var k = 0u; k <= 2u * u32(params.patchReach); k++) {
    square += squares[local + k];
    pairs += counts[local + k] & (BAD_PAIR - 1u);
    bad |= counts[local + k] >> 16u;
  }
  if (bad != 0u) {
    return -1.0;
  }
  let above = max(square / f32(max(pairs, 1u)) - params.bias, 0.0);
  return select(exp(-min(above * params.scale, 87.0)), 0.0, pairs == 0u);
}

fn isHeld(at: vec2<i32>) -> bool {
  return at.x >= 0 && at.y >= 0 && at.x < params.inputWidth && at.y < params.inputHeight;
}

fn indexOf(at: vec2<i32>) -> u32 {
  return u32(at.y * params.inputWidth + at.x);
}

/// Means as samples; invalid ones stay. One invocation writes one word.
@compute @workgroup_size(64)
fn nlmStore(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let perWord = 4u / BYTES;
  let word = linearId(group, groups, local);
  let samples = params.width * params.height * CHANNELS;
  if (word * perWord >= samples) {
    return;
  }
  var result = 0u;
  for (var i = 0u; i < perWord; i++) {
    let sample = word * perWord + i;
    if (sample < samples) {
      let pixel = sample / CHANNELS;
      let channel = sample - pixel * CHANNELS;
      let row = pixel / params.width;
      let own = indexOf(vec2<i32>(params.x + i32(pixel - row * params.width), params.y + i32(row)));
      var value = means[sample];
      if (isInvalid(own, channel)) {
        value = sampleAt(own * CHANNELS + channel);
      } else if (BYTES != 4u) {
        value = offNodata(stored(bitcast<f32>(value)), channel);
      }
      result |= packed(value, sample);
    }
  }
  output[word] = result;
}
