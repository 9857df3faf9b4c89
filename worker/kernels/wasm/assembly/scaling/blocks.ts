// Means of blocks of whole pixels, integers without weights: rows of a block are added a vector of samples at a time, then
// its columns. A mean is S/n rounded half up, taken as (S + n/2) · 2^44/n, rounded up, without its lowest 44 bits: for up to
// 127 × 127 samples of 16 bits that is exact, as what the factor is too large by makes less than 1/n.

/** Sums of `rows` rows of `count` samples each, as uint16 of uint8 and uint32 of uint16; whole groups of 16 bytes are read. */
// @ts-ignore: decorator
@inline
function addRows<T>(source: usize, stride: usize, rows: u32, into: usize, count: u32): void {
  const end = source + <usize>count * sizeof<T>();
  for (; source < end; source += 16, into += 32) {
    let low = i32x4.splat(0);
    let high = i32x4.splat(0);
    let at = source;
    for (let row: u32 = 0; row < rows; row++, at += stride) {
      const samples = v128.load(at);
      if (sizeof<T>() == 1) {
        low = i16x8.add(low, i16x8.extend_low_i8x16_u(samples));
        high = i16x8.add(high, i16x8.extend_high_i8x16_u(samples));
      } else {
        low = i32x4.add(low, i32x4.extend_low_i16x8_u(samples));
        high = i32x4.add(high, i32x4.extend_high_i16x8_u(samples));
      }
    }
    v128.store(into, low);
    v128.store(into, high, 16);
  }
}

// @ts-ignore: decorator
@inline
function means<T, S>(sums: usize, columns: u32, channels: u32, half: u64, factor: u64, into: usize, width: u32): void {
  const step = <usize>channels * sizeof<S>();
  const end = into + <usize>width * channels * sizeof<T>();
  while (into < end) {
    for (let c: u32 = 0; c < channels; c++, into += sizeof<T>()) {
      let at = sums + <usize>c * sizeof<S>();
      let sum = half;
      for (let column: u32 = 0; column < columns; column++, at += step) sum += load<S>(at);
      store<T>(into, <T>((sum * factor) >> 44));
    }
    sums += columns * step;
  }
}

/**
 * Means of pairs of columns of one channel of uint8; n ≤ 254 is even, so (S + 1/2)/n lies
 * at least 1/(2n) from a half, and the product with the reciprocal errs by 255 · 2^-23 at most.
 */
// @ts-ignore: decorator
@inline
function pairMeans(sums: usize, n: u32, into: usize, width: u32): void {
  const half = f32x4.splat(0.5);
  const reciprocal = f32x4.splat(<f32>1 / <f32>n);
  const rounding = f32x4.splat(8388608);
  const bytes = i32x4.splat(255);
  const whole = into + (width & ~7);
  const end = into + width;
  for (; into < whole; into += 8, sums += 32) {
    const a = f32x4.convert_i32x4_s(i32x4.extadd_pairwise_i16x8_u(v128.load(sums)));
    const b = f32x4.convert_i32x4_s(i32x4.extadd_pairwise_i16x8_u(v128.load(sums, 16)));
    const low = v128.and(f32x4.add(f32x4.mul(f32x4.add(a, half), reciprocal), rounding), bytes);
    const high = v128.and(f32x4.add(f32x4.mul(f32x4.add(b, half), reciprocal), rounding), bytes);
    const words = i16x8.narrow_i32x4_u(low, high);
    v128.store64_lane(into, i8x16.narrow_i16x8_u(words, words), 0);
  }
  for (; into < end; into++, sums += 4) store<u8>(into, <u8>((load<u16>(sums) + load<u16>(sums, 2) + (n >> 1)) / n));
}

// @ts-ignore: decorator
@inline
function meanRow<T, S>(
  source: usize, stride: usize, columns: u32, rows: u32, channels: u32, into: usize, width: u32, sums: usize,
): void {
  addRows<T>(source, stride, rows, sums, width * columns * channels);
  const n: u64 = <u64>columns * rows;
  const factor = (<u64>1 << 44) / n + 1;
  if (sizeof<T>() == 1 && channels == 1 && columns == 2) pairMeans(sums, <u32>n, into, width);
  else if (channels == 1 && columns == 3) means<T, S>(sums, 3, 1, n >> 1, factor, into, width);
  else if (channels == 1) means<T, S>(sums, columns, 1, n >> 1, factor, into, width);
  else means<T, S>(sums, columns, channels, n >> 1, factor, into, width);
}

/**
 * A row of `width` means of blocks of `columns` × `rows` pixels, the first block at `source`. `sums` is the room that
 * `blockRowBytes` says.
 */
export function meanRow8(
  source: usize, stride: usize, columns: u32, rows: u32, channels: u32, into: usize, width: u32, sums: usize,
): void {
  meanRow<u8, u16>(source, stride, columns, rows, channels, into, width, sums);
}

export function meanRow16(
  source: usize, stride: usize, columns: u32, rows: u32, channels: u32, into: usize, width: u32, sums: usize,
): void {
  meanRow<u16, u32>(source, stride, columns, rows, channels, into, width, sums);
}
