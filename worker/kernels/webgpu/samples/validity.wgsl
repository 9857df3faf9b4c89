// Which samples of the input count, and how much: worker/kernels/reference/samples/average.ts. Nodata samples and masked
// pixels are invalid samples, of weight 0; colour may weigh as much as its pixel's alpha.
// Constants would make a program of each combination, which takes longer to compile than it saves.

struct Validity {
  nodata: vec4<u32>, // by channel, no sample's bits where none
  byAlpha: u32,      // 1: the last channel weighs the others
  masked: u32,       // 1: `valid` holds a byte for each pixel of the input, 0 where it is masked
}

@group(0) @binding(1) var<storage, read> samples: array<u32>;
@group(0) @binding(7) var<storage, read> validity: Validity;
@group(0) @binding(8) var<storage, read> valid: array<u32>;

fn sampleAt(sample: u32) -> u32 {
  return unpacked(samples[wordOf(sample)], sample);
}

fn isMasked(pixel: u32) -> bool {
  return validity.masked == 1u && ((valid[pixel >> 2u] >> ((pixel & 3u) * 8u)) & 0xffu) == 0u;
}

fn isInvalid(pixel: u32, channel: u32) -> bool {
  return isMasked(pixel) || isNodata(sampleAt(pixel * CHANNELS + channel), channel);
}

/// Floats are compared as numbers: all NaN are one, and so are both zeros.
fn isNodata(bits: u32, channel: u32) -> bool {
  var value = bits;
  if (BYTES == 4) {
    let size = bits & 0x7fffffffu;
    value = select(select(bits, 0u, size == 0u), 0x7fc00000u, size > 0x7f800000u);
  }
  return value == validity.nodata[channel];
}

fn weightOf(pixel: u32, channel: u32) -> u32 {
  if (isInvalid(pixel, channel)) {
    return 0u;
  }
  if (validity.byAlpha == 0u || channel == CHANNELS - 1u) {
    return 1u;
  }
  return select(sampleAt((pixel + 1u) * CHANNELS - 1u), 0u, isInvalid(pixel, CHANNELS - 1u));
}

/// A computed integer moved off its channel's nodata value.
fn offNodata(value: u32, channel: u32) -> u32 {
  if (value != validity.nodata[channel]) {
    return value;
  }
  let largest = select(65535u, 255u, BYTES == 1u);
  return select(value + 1u, value - 1u, value == largest);
}
