// A Gaussian of one sigma, rows first, then columns. Weights at the cut edge of the input are renormalised along
// each side on its own, which is the same as over the window, since the weights are products.

struct Params {
  inputWidth: i32,
  inputHeight: i32,
  outputWidth: u32,
  outputHeight: u32,
  x: i32, // the output's first pixel in the input
  y: i32,
  radius: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>; // of distances 0 to radius
@group(0) @binding(3) var<storage, read_write> means: array<f32>; // of rows: output columns, input rows
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn rows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let at = linearId(group, groups, local);
  let lanes = params.outputWidth * CHANNELS;
  if (at >= lanes * u32(params.inputHeight)) {
    return;
  }
  let row = at / lanes;
  let lane = at - row * lanes;
  let channel = lane % CHANNELS;
  let x = params.x + i32(lane / CHANNELS);
  var sum = 0.0;
  var total = 0.0;
  for (var u = max(0, x - params.radius); u <= min(params.inputWidth - 1, x + params.radius); u++) {
    let weight = weights[abs(u - x)];
    let sample = (row * u32(params.inputWidth) + u32(u)) * CHANNELS + channel;
    sum += weight * f32(unpacked(input[wordOf(sample)], sample));
    total += weight;
  }
  means[at] = sum / total;
}

@compute @workgroup_size(64)
fn columns(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let perWord = 4u / BYTES;
  let word = linearId(group, groups, local);
  let lanes = params.outputWidth * CHANNELS;
  let samples = lanes * params.outputHeight;
  if (word * perWord >= samples) {
    return;
  }
  var result = 0u;
  for (var i = 0u; i < perWord; i++) {
    let sample = word * perWord + i;
    if (sample < samples) {
      result |= packed(mean(sample % lanes, params.y + i32(sample / lanes), lanes), sample);
    }
  }
  output[word] = result;
}

fn mean(lane: u32, y: i32, lanes: u32) -> u32 {
  var sum = 0.0;
  var total = 0.0;
  for (var v = max(0, y - params.radius); v <= min(params.inputHeight - 1, y + params.radius); v++) {
    let weight = weights[abs(v - y)];
    sum += weight * means[u32(v) * lanes + lane];
    total += weight;
  }
  let largest = select(65535.0, 255.0, BYTES == 1u);
  return u32(clamp(floor(sum / total + 0.5), 0.0, largest));
}
