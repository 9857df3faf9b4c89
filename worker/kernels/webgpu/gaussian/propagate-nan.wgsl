// NaN wherever the window of 4 sigma around a pixel touches a sample that is not finite, from a summed-area table of
// how many there are. One invocation looks at one sample.

struct Params {
  inputWidth: u32,
  inputHeight: u32,
  outputWidth: u32,
  samples: u32, // of the output
  x: i32, // its first pixel in the input
  y: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read> sigmas: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn propagateNaN(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let sample = linearId(group, groups, local);
  if (sample >= params.samples) {
    return;
  }
  let pixel = sample / CHANNELS;
  let row = pixel / params.outputWidth;
  let x = params.x + i32(pixel - row * params.outputWidth);
  let y = params.y + i32(row);
  let radius = radiusOf(sigmas[pixel]);
  let size = vec2<i32>(i32(params.inputWidth), i32(params.inputHeight));
  let window = cut(x - radius, y - radius, x + radius + 1, y + radius + 1, size);
  let channel = sample - pixel * CHANNELS;
  let count = countAt(window.x1, window.y1, channel) - countAt(window.x0, window.y1, channel) -
    countAt(window.x1, window.y0, channel) + countAt(window.x0, window.y0, channel);
  if (count > 0u) {
    output[sample] = 0x7fc00000u;
  }
}

fn countAt(x: u32, y: u32, channel: u32) -> u32 {
  if (x == 0u || y == 0u) {
    return 0u;
  }
  return counts[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel];
}
