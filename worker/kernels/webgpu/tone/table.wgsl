// Point operations on integers: one table of results for each channel, 2^(8·BYTES) entries, made by the
// reference. One invocation writes one word of four or two samples.
override RESULT_BYTES: u32 = 1;
override MASKED: u32 = 0; // 1: `valid` holds a byte for each pixel of the input; masked ones stay what they are

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
@group(0) @binding(4) var<storage, read> valid: array<u32>;

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
      let own = (params.y + row) * params.inputWidth + params.x + column;
      let source = own * CHANNELS + channel;
      var value = unpacked(input[wordOf(source)], source);
      if (MASKED == 0u || ((valid[own >> 2u] >> ((own & 3u) * 8u)) & 0xffu) != 0u) {
        value = results[(channel << (BYTES * 8u)) + value];
      }
      result |= value << (i * RESULT_BYTES * 8u);
    }
  }
  output[word] = result;
}
