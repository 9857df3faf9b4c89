// Samples as numbers, and sums of many of them.
const NOT_A_NUMBER = 0x7fc00000u;

/// Whether a sample is NaN or infinite. Looked up in its bits: compilers may take floats for finite.
fn isBad(bits: u32) -> bool {
  return BYTES == 4 && (bits & 0x7f800000u) == 0x7f800000u;
}

/// A sample as a number, 0 where it is none.
fn numberOf(bits: u32) -> f32 {
  if (BYTES == 4) {
    return bitcast<f32>(select(bits, 0u, isBad(bits)));
  }
  return f32(bits);
}

/// A result as a sample's bits: integers are rounded half up and clamped.
fn stored(value: f32) -> u32 {
  if (BYTES == 4) {
    return bitcast<u32>(value);
  }
  return u32(clamp(floor(value + 0.5), 0.0, select(65535.0, 255.0, BYTES == 1u)));
}

/// The same float, in a way that no compiler sees through: `zero` is 0 at run time. Between two of these nothing is
/// reassociated or contracted.
fn kept(value: f32, zero: u32) -> f32 {
  return bitcast<f32>(bitcast<u32>(value) ^ zero);
}

fn kept4(value: vec4<f32>, zero: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(bitcast<vec4<u32>>(value) ^ vec4<u32>(zero));
}

/// A sum and what its roundings lost, with one more number (Knuth's TwoSum): x + y is off by about one rounding of
/// the whole, however many numbers there were.
fn summed(sum: vec2<f32>, value: f32, zero: u32) -> vec2<f32> {
  let term = kept(value, zero);
  let high = kept(sum.x + term, zero);
  let part = kept(high - sum.x, zero);
  let lost = kept(sum.x - kept(high - part, zero), zero) + kept(term - part, zero);
  return vec2<f32>(high, sum.y + lost);
}
