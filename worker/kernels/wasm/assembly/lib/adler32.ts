/** Adler-32 (RFC 1950, section 8.2) of `bytes` bytes. */
export function adler32(at: usize, bytes: u32): u32 {
  let low: u32 = 1;
  let high: u32 = 0;
  const end = at + bytes;
  const ones = i16x8.splat(1);
  const lowWeights = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
  const highWeights = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
  while (at + 16 <= end) {
    // As many vectors as sums of 32 bits hold without a remainder taken.
    const vectors = min<u32>(<u32>(end - at) >> 4, 256);
    let sums = i32x4.splat(0);
    let before = i32x4.splat(0);
    let weighted = i32x4.splat(0);
    for (let i: u32 = 0; i < vectors; i++) {
      const chunk = v128.load(at);
      at += 16;
      const left = i16x8.extend_low_i8x16_u(chunk);
      const right = i16x8.extend_high_i8x16_u(chunk);
      before = i32x4.add(before, sums);
      sums = i32x4.add(sums, i32x4.dot_i16x8_s(i16x8.add(left, right), ones));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(left, lowWeights));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(right, highWeights));
    }
    high = (high + ((low * 16 * vectors) % 65521) + ((total(before) % 65521) * 16) + total(weighted)) % 65521;
    low = (low + total(sums)) % 65521;
  }
  for (; at < end; at++) {
    low = (low + load<u8>(at)) % 65521;
    high = (high + low) % 65521;
  }
  return (high << 16) | low;
}

function total(sums: v128): u32 {
  return (
    i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
  );
}
