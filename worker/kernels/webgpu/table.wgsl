// Point operations on integers: one table of results for each channel, 2^(8·BYTES) entries, made by the
// reference. One invocation writes one word of four or two samples.
override RESULT_BYTES: u32 = 1;

struct Params {
  inputWidth: u32,
  outputWidth: u32,
  x: u32, // the output's first pixel in the input
  y: u32,
  samples: u32, // of the output
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(2) var<storage, read> results: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn lookUp(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let perWord = 4u / RESULT_BYTES;
  let word = linearId(group, groups, local);
  if (word * perWord >= params.samples) {
    return;
  }
  var result = 0u;
  for (var i = 0u; i < perWord; i++) {
    let sample = word * perWord + i;
    if (sample < params.samples) {
      let pixel = sample / CHANNELS;
      let channel = sample % CHANNELS;
      let row = pixel / params.outputWidth;
      let column = pixel - row * params.outputWidth;
      let source = ((params.y + row) * params.inputWidth + params.x + column) * CHANNELS + channel;
      let value = unpacked(input[wordOf(source)], source);
      result |= results[(channel << (BYTES * 8u)) + value] << (i * RESULT_BYTES * 8u);
    }
  }
  output[word] = result;
}
