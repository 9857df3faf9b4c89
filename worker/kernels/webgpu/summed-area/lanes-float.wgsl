// What a summed-area table sums of float32 samples: integers, so that sums are exact and no order of them matters.
// Lane 0 is the sample in units of 2^-30 of the power of two above the largest one, from 0 to 2^31 with 2^30 for
// zero; lane 1 is 1 where a sample is not finite; lane 2 is 1 where a sample counts. What does not count and what is
// not finite stands as zero in lane 0.

@group(0) @binding(9) var<storage, read> extent: array<u32>; // the largest exponent field of a finite sample

fn laneOf(sample: u32) -> u32 {
  let bits = sampleAt(sample);
  let pixel = sample / CHANNELS;
  let counts = !isInvalid(pixel, sample - pixel * CHANNELS);
  if (params.lane == 2u) {
    return select(0u, 1u, counts);
  }
  let bad = isBad(bits);
  if (params.lane == 1u) {
    return select(0u, 1u, counts && bad);
  }
  let field = (bits >> 23u) & 0xffu;
  // Subnormal numbers have no leading 1 and the exponent of field 1.
  let mantissa = ((bits & 0x7fffffu) | select(0x800000u, 0u, field == 0u)) << 6u;
  let shift = max(extent[0], 1u) - max(field, 1u);
  var size = 0u;
  if (counts && !bad && shift < 32u) {
    size = (mantissa >> shift) + select(0u, (mantissa >> (max(shift, 1u) - 1u)) & 1u, shift > 0u);
  }
  return select(0x40000000u + size, 0x40000000u - size, (bits >> 31u) == 1u);
}
