// Means over windows of a summed-area table. One invocation computes four pixels, which fill whole words of the
// output whatever the number of channels.

struct Params {
  inputWidth: u32,
  inputHeight: u32,
  outputWidth: u32,
  outputPixels: u32,
  x: u32, // the output's first pixel in the input
  y: u32,
  byMap: u32, // 1 where `radii` holds one radius a pixel, else the four reaches below
  left: u32,
  right: u32,
  top: u32,
  bottom: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<Sum>;
@group(0) @binding(2) var<storage, read> radii: array<u32>; // two a word
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn means(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let four = linearId(group, groups, local);
  if (four * 4u >= params.outputPixels) {
    return;
  }
  var words: array<u32, 8>;
  for (var i = 0u; i < 4u; i++) {
    let pixel = four * 4u + i;
    if (pixel < params.outputPixels) {
      var reach = vec4<u32>(params.left, params.right, params.top, params.bottom);
      if (params.byMap == 1u) {
        reach = vec4<u32>((radii[pixel >> 1u] >> ((pixel & 1u) * 16u)) & 0xffffu);
      }
      let row = pixel / params.outputWidth;
      let x = params.x + pixel - row * params.outputWidth;
      let y = params.y + row;
      // The input ends where windows are to be cut.
      let x0 = x - min(x, reach.x);
      let x1 = min(x + reach.y + 1u, params.inputWidth);
      let y0 = y - min(y, reach.z);
      let y1 = min(y + reach.w + 1u, params.inputHeight);
      let count = (x1 - x0) * (y1 - y0);
      for (var channel = 0u; channel < CHANNELS; channel++) {
        var sum = entry(x1, y1, channel);
        sum = subtracted(sum, entry(x0, y1, channel));
        sum = subtracted(sum, entry(x1, y0, channel));
        sum = added(sum, entry(x0, y0, channel));
        let sample = i * CHANNELS + channel;
        words[wordOf(sample)] |= packed(roundedQuotient(sum, sumOf(count)), sample);
      }
    }
  }
  let perFour = CHANNELS * BYTES;
  for (var word = 0u; word < perFour; word++) {
    output[four * perFour + word] = words[word];
  }
}

/// The sum of all samples above y and left of x.
fn entry(x: u32, y: u32, channel: u32) -> Sum {
  if (x == 0u || y == 0u) {
    return sumOf(0u);
  }
  return table[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel];
}
