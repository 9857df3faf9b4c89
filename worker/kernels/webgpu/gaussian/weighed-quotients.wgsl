// Means as samples, from sums of weighted samples and of their weights. Invalid samples, and those in whose window nothing
// weighs, stay what they are. One invocation writes one word.

struct Params {
  inputWidth: u32,
  outputWidth: u32,
  samples: u32, // of the output
  x: u32, // its first pixel in the input
  y: u32,
  least: f32, // weights up to this are none
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> sums: array<u32>; // floats, as bits
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn quotients(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let perWord = 4u / BYTES;
  let word = linearId(group, groups, local);
  if (word * perWord >= params.samples) {
    return;
  }
  var result = 0u;
  for (var i = 0u; i < perWord; i++) {
    let sample = word * perWord + i;
    if (sample < params.samples) {
      result |= packed(valueOf(sample), sample);
    }
  }
  output[word] = result;
}

fn valueOf(sample: u32) -> u32 {
  let pixel = sample / CHANNELS;
  let channel = sample - pixel * CHANNELS;
  let row = pixel / params.outputWidth;
  let own = (params.y + row) * params.inputWidth + params.x + pixel - row * params.outputWidth;
  if (isInvalid(own, channel)) {
    return sampleAt(own * CHANNELS + channel);
  }
  if (isBad(sums[sample])) {
    return NOT_A_NUMBER;
  }
  if (weights[sample] <= params.least) {
    return sampleAt(own * CHANNELS + channel);
  }
  let mean = bitcast<f32>(sums[sample]) / weights[sample];
  if (BYTES == 4) {
    return stored(mean);
  }
  return offNodata(stored(mean), channel);
}
