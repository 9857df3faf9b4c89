// Calibration of rows: of float32, whole vectors, or of bytes as they lie.

/** into[i·channels + c] = source[i] for every channel. */
export function repeat(source: usize, into: usize, count: u32, channels: u32): void {
  for (let i: u32 = 0; i < count; i++, source += 4) {
    const value = load<f32>(source);
    for (let c: u32 = 0; c < channels; c++, into += 4) store<f32>(into, value);
  }
}

/** row[i] = scale·(row[i] − dark[i]) / (flat[i] − dark[i]); 0 where flat ≤ dark. */
export function flatten(row: usize, dark: usize, flat: usize, scale: f32, count: u32): void {
  const end = row + <usize>count * 4;
  const zero = f32x4.splat(0);
  const factor = f32x4.splat(scale);
  while (row < end) {
    const none = v128.load(dark);
    const range = f32x4.sub(v128.load(flat), none);
    const corrected = f32x4.div(f32x4.mul(factor, f32x4.sub(v128.load(row), none)), range);
    v128.store(row, v128.andnot(corrected, f32x4.le(range, zero)));
    row += 16;
    dark += 16;
    flat += 16;
  }
}

/** Four results from differences of 16 bits. */
// @ts-ignore: decorator
@inline
function quarter(above: v128, range: v128, scale: v128): v128 {
  const value = f32x4.div(f32x4.mul(scale, f32x4.convert_i32x4_s(above)), f32x4.convert_i32x4_s(range));
  const whole = i32x4.trunc_sat_f32x4_s(f32x4.add(value, f32x4.splat(0.5)));
  return v128.and(whole, i32x4.gt_s(range, i32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function eight(samples: v128, zero: v128, flat: v128, scale: v128): v128 {
  const above = i16x8.sub(samples, zero);
  const range = i16x8.sub(flat, zero);
  return i16x8.narrow_i32x4_s(
    quarter(i32x4.extend_low_i16x8_s(above), i32x4.extend_low_i16x8_s(range), scale),
    quarter(i32x4.extend_high_i16x8_s(above), i32x4.extend_high_i16x8_s(range), scale),
  );
}

// @ts-ignore: decorator
@inline
function sixteen(source: usize, dark: usize, flat: usize, scale: v128): v128 {
  const samples = v128.load(source);
  const zero = v128.load(dark);
  const full = v128.load(flat);
  return i8x16.narrow_i16x8_u(
    eight(i16x8.extend_low_i8x16_u(samples), i16x8.extend_low_i8x16_u(zero), i16x8.extend_low_i8x16_u(full), scale),
    eight(i16x8.extend_high_i8x16_u(samples), i16x8.extend_high_i8x16_u(zero), i16x8.extend_high_i8x16_u(full), scale),
  );
}

/**
 * Bytes with frames of bytes and a whole scale up to 65536, in float32. Exact: the product is below 2^24, and a quotient
 * p/q with q <= 255 that is no tie lies 1/510 or more from one, while below 256 float32 errs by 2^-17. Whole vectors
 * are read, `count` bytes are written.
 */
export function correctUint8(source: usize, dark: usize, flat: usize, into: usize, count: u32, scale: f32): void {
  const scales = f32x4.splat(scale);
  const end = into + count;
  while (into + 16 <= end) {
    v128.store(into, sixteen(source, dark, flat, scales));
    source += 16;
    dark += 16;
    flat += 16;
    into += 16;
  }
  if (into == end) return;
  let rest = sixteen(source, dark, flat, scales);
  while (into < end) {
    store<u8>(into++, i8x16.extract_lane_u(rest, 0));
    rest = i8x16.shuffle(rest, rest, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0);
  }
}
