// A Gaussian by map as the direct sum over each pixel's window. The window is walked in bands of eight columns, whose
// weights are computed once: their products with eight samples are added as a tree, and those sums with what their
// roundings lose. All weights are smaller by 2^24, so that no sum of large samples overflows.

struct Params {
  inputWidth: i32,
  inputHeight: i32,
  outputWidth: u32,
  x: i32, // the output's first pixel in the input
  y: i32,
  pixels: u32, // of the output
  first: u32,  // of them, and how many, are this dispatch's
  count: u32,
  zero: u32,
  divided: u32, // 0: sums are left as they are
}

const SHIFT = 24u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> plane: array<f32>;
@group(0) @binding(2) var<storage, read> sigmas: array<f32>; // of all pixels, then their rates
@group(0) @binding(3) var<storage, read_write> means: array<f32>;

@compute @workgroup_size(64)
fn directMeans(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let id = linearId(group, groups, local);
  if (id >= params.count) {
    return;
  }
  let pixel = params.first + id;
  let row = pixel / params.outputWidth;
  let x = params.x + i32(pixel - row * params.outputWidth);
  let y = params.y + i32(row);
  let radius = radiusOf(sigmas[pixel]);
  let rate = sigmas[params.pixels + pixel];
  let right = min(x + radius, params.inputWidth - 1);
  let bottom = min(y + radius, params.inputHeight - 1);
  var high = vec4<f32>();
  var low = vec4<f32>();
  var across = vec2<f32>();
  var down = vec2<f32>();
  for (var u = max(x - radius, 0); u <= right; u += 8) {
    let near = vec4<f32>(tap(u, x, right, rate), tap(u + 1, x, right, rate), tap(u + 2, x, right, rate), tap(u + 3, x, right, rate));
    let far = vec4<f32>(tap(u + 4, x, right, rate), tap(u + 5, x, right, rate), tap(u + 6, x, right, rate), tap(u + 7, x, right, rate));
    across = summed(across, ((near.x + near.y) + (near.z + near.w)) + ((far.x + far.y) + (far.z + far.w)), params.zero);
    down = vec2<f32>();
    for (var v = max(y - radius, 0); v <= bottom; v++) {
      let distance = v - y;
      let weight = powerOfHalf(f32(distance * distance) * rate, SHIFT);
      down = summed(down, weight, params.zero);
      let term = kept4(weight * eight(v * params.inputWidth, u, near, far), params.zero);
      let sum = kept4(high + term, params.zero);
      let part = kept4(sum - high, params.zero);
      low += kept4(high - kept4(sum - part, params.zero), params.zero) + kept4(term - part, params.zero);
      high = sum;
    }
  }
  var mean = high + low;
  if (params.divided == 1u) {
    mean /= (across.x + across.y) * (down.x + down.y);
  }
  for (var channel = 0u; channel < CHANNELS; channel++) {
    means[pixel * CHANNELS + channel] = mean[channel];
  }
}

/// The weight of a column, 0 beyond the last.
fn tap(u: i32, x: i32, right: i32, rate: f32) -> f32 {
  if (u > right) {
    return 0.0;
  }
  return weightAt(u - x, rate);
}

fn eight(row: i32, u: i32, near: vec4<f32>, far: vec4<f32>) -> vec4<f32> {
  let left = (near.x * pixelAt(row, u) + near.y * pixelAt(row, u + 1)) +
    (near.z * pixelAt(row, u + 2) + near.w * pixelAt(row, u + 3));
  let right = (far.x * pixelAt(row, u + 4) + far.y * pixelAt(row, u + 5)) +
    (far.z * pixelAt(row, u + 6) + far.w * pixelAt(row, u + 7));
  return left + right;
}

/// All channels of a pixel; one that the row lacks is another, for its weight is 0.
fn pixelAt(row: i32, u: i32) -> vec4<f32> {
  let at = u32(row + min(u, params.inputWidth - 1)) * CHANNELS;
  var pixel = vec4<f32>(plane[at], 0.0, 0.0, 0.0);
  if (CHANNELS > 1) {
    pixel.y = plane[at + 1u];
  }
  if (CHANNELS > 2) {
    pixel.z = plane[at + 2u];
  }
  if (CHANNELS > 3) {
    pixel.w = plane[at + 3u];
  }
  return pixel;
}
