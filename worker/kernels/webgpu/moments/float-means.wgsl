// Means of float32 samples over windows that are rectangles or made of some, from the tables of lanes-float.wgsl:
// integers until the last division. A window that holds a sample that is not finite gives NaN, one in which nothing
// counts the sample as it is. One invocation computes one sample.

struct Params {
  inputWidth: u32,
  inputHeight: u32,
  outputWidth: u32,
  samples: u32, // of the output
  x: u32, // its first pixel in the input
  y: u32,
  rectangles: u32, // in a footprint; 0 where `windows` holds radii
  invalid: u32, // 0 where every sample counts: `counted` is not read
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> nonFinite: array<u32>;
@group(0) @binding(5) var<storage, read_write> output: array<u32>;
@group(0) @binding(6) var<storage, read> extent: array<u32>;
@group(0) @binding(9) var<storage, read> counted: array<u32>;

@compute @workgroup_size(64)
fn floatMeans(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let sample = linearId(group, groups, local);
  if (sample >= params.samples) {
    return;
  }
  let pixel = sample / CHANNELS;
  let channel = sample - pixel * CHANNELS;
  let row = pixel / params.outputWidth;
  let x = i32(params.x + pixel - row * params.outputWidth);
  let y = i32(params.y + row);
  var value = vec2<u32>();
  var bad = 0u;
  var pixels = 0u;
  var count = 0u;
  for (var i = 0u; i < max(params.rectangles, 1u); i++) {
    var window: Window;
    if (params.rectangles == 0u) {
      window = squareAt(x, y, pixel, params.inputWidth, params.inputHeight);
    } else {
      window = rectangleAt(x, y, i, params.inputWidth, params.inputHeight);
    }
    value = added(value, valuesIn(window, channel));
    bad += nonFiniteIn(window, channel);
    pixels += pixelsOf(window);
    if (params.invalid == 1u) {
      count += countedIn(window, channel);
    }
  }
  if (params.invalid == 0u) {
    count = pixels;
  }
  if (count == 0u) {
    output[sample] = samples[(u32(y) * params.inputWidth + u32(x)) * CHANNELS + channel];
    return;
  }
  output[sample] = select(bitcast<u32>(mean(value, pixels, count)), 0x7fc00000u, bad > 0u);
}

/// A sum of `pixels` values from 0 to 2^31 with 2^30 for zero, divided by how many count and brought back to size.
fn mean(sum: vec2<u32>, pixels: u32, count: u32) -> f32 {
  let zero = vec2<u32>(pixels << 30u, pixels >> 2u);
  let negative = limbsLess(sum, zero);
  var size = limbsMinus(sum, zero);
  if (negative) {
    size = limbsMinus(zero, sum);
  }
  // At most 2: the largest samples' power of two comes last, so that nothing on the way is too large or too small.
  let share = limbsToFloat(size) / f32(count) / 536870912.0;
  return select(share, -share, negative) * bitcast<f32>(max(extent[0], 1u) << 23u);
}

fn valuesIn(window: Window, channel: u32) -> vec2<u32> {
  var sum = valueAt(window.x1, window.y1, channel);
  sum = subtracted(sum, valueAt(window.x0, window.y1, channel));
  sum = subtracted(sum, valueAt(window.x1, window.y0, channel));
  return added(sum, valueAt(window.x0, window.y0, channel));
}

fn valueAt(x: u32, y: u32, channel: u32) -> vec2<u32> {
  if (x == 0u || y == 0u) {
    return vec2<u32>();
  }
  return values[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel];
}

fn nonFiniteIn(window: Window, channel: u32) -> u32 {
  return nonFiniteAt(window.x1, window.y1, channel) - nonFiniteAt(window.x0, window.y1, channel) -
    nonFiniteAt(window.x1, window.y0, channel) + nonFiniteAt(window.x0, window.y0, channel);
}

fn nonFiniteAt(x: u32, y: u32, channel: u32) -> u32 {
  if (x == 0u || y == 0u) {
    return 0u;
  }
  return nonFinite[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel];
}

fn countedIn(window: Window, channel: u32) -> u32 {
  return countedAt(window.x1, window.y1, channel) - countedAt(window.x0, window.y1, channel) -
    countedAt(window.x1, window.y0, channel) + countedAt(window.x0, window.y0, channel);
}

fn countedAt(x: u32, y: u32, channel: u32) -> u32 {
  if (x == 0u || y == 0u) {
    return 0u;
  }
  return counted[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel];
}
