// Floats that are numbers.

/** The exponent of what is none. */
const INFINITY: u32 = 0x7f800000;

/** Whether any of `count` samples is NaN or infinite. */
export function anyNonFinite(samples: usize, count: u32): bool {
  const end = samples + <usize>count * 4;
  let found = i32x4.splat(0);
  const exponent = i32x4.splat(INFINITY);
  while (samples + 16 <= end) {
    found = v128.or(found, i32x4.eq(v128.and(v128.load(samples), exponent), exponent));
    samples += 16;
  }
  let any = v128.any_true(found);
  while (samples < end) {
    if ((load<u32>(samples) & INFINITY) == INFINITY) any = true;
    samples += 4;
  }
  return any;
}
