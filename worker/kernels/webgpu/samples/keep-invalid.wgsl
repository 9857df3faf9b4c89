// Invalid samples stay what they are: their samples are taken from the input. float32 only; one invocation looks at one sample.

struct Params {
  inputWidth: u32,
  outputWidth: u32,
  samples: u32, // of the output
  x: u32, // its first pixel in the input
  y: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn keepInvalid(
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
  let own = (params.y + row) * params.inputWidth + params.x + pixel - row * params.outputWidth;
  let channel = sample - pixel * CHANNELS;
  if (isInvalid(own, channel)) {
    output[sample] = sampleAt(own * CHANNELS + channel);
  }
}
