// What a summed-area table sums of float32 samples: integers, so that sums are exact and no order of them matters.
// Lane 0 is the sample in units of 2^-30 of the power of two above the largest one, from 0 to 2^31 with 2^30 for
// zero; lane 1 is 1 where a sample is not finite, which stands as zero in lane 0.

@group(0) @binding(1) var<storage, read> samples: array<u32>;
@group(0) @binding(7) var<storage, read> extent: array<u32>; // the largest exponent field of a finite sample

fn laneOf(sample: u32) -> u32 {
  let bits = samples[sample];
  let bad = isBad(bits);
  if (params.lane == 1u) {
    return select(0u, 1u, bad);
  }
  let field = (bits >> 23u) & 0xffu;
  // Subnormal numbers have no leading 1 and the exponent of field 1.
  let mantissa = ((bits & 0x7fffffu) | select(0x800000u, 0u, field == 0u)) << 6u;
  let shift = max(extent[0], 1u) - max(field, 1u);
  var size = 0u;
  if (!bad && shift < 32u) {
    size = (mantissa >> shift) + select(0u, (mantissa >> (max(shift, 1u) - 1u)) & 1u, shift > 0u);
  }
  return select(0x40000000u + size, 0x40000000u - size, (bits >> 31u) == 1u);
}
