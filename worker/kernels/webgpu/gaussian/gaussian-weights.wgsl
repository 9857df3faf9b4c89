// Gaussian weights of a sigma that every pixel has for itself. Needs none of WGSL's exp, which may be off by far more
// than a rounding.

/// ⌊4·sigma + ½⌋, exactly: where the weights of a sigma end.
fn radiusOf(sigma: f32) -> i32 {
  let reach = 4.0 * sigma;
  let whole = floor(reach);
  return i32(whole) + select(0, 1, reach - whole >= 0.5);
}

/// 2^-t for t from 0 to 60, less `shift` doublings: a Taylor sum around the nearest integer, whose power of two goes
/// into the exponent's bits. Off by at most 3 units in 2^24 of itself.
fn powerOfHalf(t: f32, shift: u32) -> f32 {
  let whole = floor(t + 0.5);
  let x = whole - t;
  var sum = 1.5252734e-5;
  sum = fma(sum, x, 1.5403530e-4);
  sum = fma(sum, x, 1.3333558e-3);
  sum = fma(sum, x, 9.6181291e-3);
  sum = fma(sum, x, 5.5504109e-2);
  sum = fma(sum, x, 2.4022651e-1);
  sum = fma(sum, x, 6.9314718e-1);
  sum = fma(sum, x, 1.0);
  return bitcast<f32>(bitcast<u32>(sum) - ((u32(whole) + shift) << 23u));
}

/// exp(-d²/(2·sigma²)), where `rate` is log2(e)/(2·sigma²).
fn weightAt(distance: i32, rate: f32) -> f32 {
  return powerOfHalf(f32(distance * distance) * rate, 0u);
}
