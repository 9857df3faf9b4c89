/**
 * Four sums S < 2^32 over their counts n, rounded half up, exactly. `reciprocal` is below 1/n by a relative
 * 2^-22 to 2^-20 and doubled, `half` is floor((n - 1) / 2).
 *
 * Why it is exact: the estimate e is floor(S/2) times the doubled reciprocal. Its four roundings of at most
 * 2^-24 each cannot lift it above S/n, and it lies below by less than 1/n + 65535 * 2^-20. Adding 2^23
 * rounds e to an integer, so the estimate is the quotient or one less: for n = 1 it is S or S - 1 as e falls
 * short by less than 1.1; for n > 1 e falls short by less than 0.6 of S/n, and S/n by at most 0.5 of the quotient.
 * The remainder S - q * n then lies in [-n/2, 3n/2), which fits 32 bits although the products wrap, and a
 * remainder above `half` says that one is missing.
 */
// @ts-ignore: decorator
@inline
export function quotients(sums: v128, reciprocal: v128, count: v128, half: v128): v128 {
  const estimate = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(sums, 1)), reciprocal);
  const quotient = v128.and(f32x4.add(estimate, f32x4.splat(8388608.0)), i32x4.splat(0x7fffff));
  const remainder = i32x4.sub(sums, i32x4.mul(quotient, count));
  return i32x4.sub(quotient, i32x4.gt_s(remainder, half));
}

/** 2/n less a relative 2^-21, as {@link quotients} wants it. */
// @ts-ignore: decorator
@inline
export function reciprocalOf(count: u32): f32 {
  return <f32>(2.0 * (1.0 - 1.0 / 2097152.0)) / <f32>count;
}

/** Bytes of one entry of the table of uncut windows: reciprocal, count, half, nothing. */
export const ENTRY_BYTES: usize = 16;

/** Fills the table for radii 0 to `maxRadius`; (2r + 1)^2 must stay below 2^32. */
export function fillTable(table: usize, maxRadius: u32): void {
  for (let radius: u32 = 0; radius <= maxRadius; radius++) {
    const side = 2 * radius + 1;
    const count = side * side;
    const entry = table + <usize>radius * ENTRY_BYTES;
    store<f32>(entry, reciprocalOf(count));
    store<u32>(entry, count, 4);
    store<u32>(entry, (count - 1) / 2, 8);
  }
}
