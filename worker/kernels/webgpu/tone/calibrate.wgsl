// Flat-field correction by frames: scale·(v − dark)/(flat − dark) rounded half up and clamped, 0 where flat ≤ dark,
// all in integers below 2^32. One invocation computes four pixels.

struct Params {
  inputWidth: u32,
  outputWidth: u32,
  outputPixels: u32,
  x: u32, // the output's first pixel in the input
  y: u32,
  scale: u32,
  kept: u32, // the channel that stays as it is; none where too large
  dark: u32, // where it is one number
  flat: u32,
  darkChannels: u32, // 0 where it is one number
  flatChannels: u32,
  darkBytes: u32,
  flatBytes: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> dark: array<u32>; // over the output
@group(0) @binding(3) var<storage, read> flat: array<u32>;
@group(0) @binding(5) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn calibrate(
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
      let row = pixel / params.outputWidth;
      let own = (params.y + row) * params.inputWidth + params.x + pixel - row * params.outputWidth;
      for (var channel = 0u; channel < CHANNELS; channel++) {
        var result = sampleAt(own * CHANNELS + channel);
        if (!isInvalid(own, channel) && channel != params.kept) {
          result = offNodata(corrected(result, darkAt(pixel, channel), flatAt(pixel, channel)), channel);
        }
        let sample = i * CHANNELS + channel;
        words[wordOf(sample)] |= packed(result, sample);
      }
    }
  }
  let perFour = CHANNELS * BYTES;
  for (var word = 0u; word < perFour; word++) {
    output[four * perFour + word] = words[word];
  }
}

fn corrected(value: u32, zero: u32, full: u32) -> u32 {
  if (full <= zero || value <= zero) {
    return 0u;
  }
  let range = full - zero;
  let scaled = params.scale * (value - zero);
  let quotient = scaled / range;
  let remainder = scaled - quotient * range;
  return min(quotient + select(0u, 1u, remainder >= range - remainder), select(65535u, 255u, BYTES == 1u));
}

fn darkAt(pixel: u32, channel: u32) -> u32 {
  if (params.darkChannels == 0u) {
    return params.dark;
  }
  let sample = pixel * params.darkChannels + min(channel, params.darkChannels - 1u);
  if (params.darkBytes == 1u) {
    return (dark[sample >> 2u] >> ((sample & 3u) * 8u)) & 0xffu;
  }
  return (dark[sample >> 1u] >> ((sample & 1u) * 16u)) & 0xffffu;
}

fn flatAt(pixel: u32, channel: u32) -> u32 {
  if (params.flatChannels == 0u) {
    return params.flat;
  }
  let sample = pixel * params.flatChannels + min(channel, params.flatChannels - 1u);
  if (params.flatBytes == 1u) {
    return (flat[sample >> 2u] >> ((sample & 3u) * 8u)) & 0xffu;
  }
  return (flat[sample >> 1u] >> ((sample & 1u) * 16u)) & 0xffffu;
}
