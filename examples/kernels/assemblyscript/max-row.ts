// The largest sample under the footprint, a row a call, four pixels at a time. What is missing is NaN.

export function halotile_buffer(bytes: i32): usize {
  return heap.alloc(bytes);
}

function larger(best: v128, next: v128): v128 {
  // Where next is NaN the comparison is false and best stays; where best is NaN any number replaces it.
  return v128.bitselect(
    next,
    best,
    v128.or(f32x4.gt(next, best), v128.and(f32x4.ne(best, best), f32x4.eq(next, next))),
  );
}

export function halotile_row(
  samples: usize,
  offsets: usize,
  weights: usize,
  count: i32,
  out: usize,
  pixels: i32,
  user: usize,
  userCount: i32,
  x: i32,
  y: i32,
  width: i32,
  height: i32,
  channel: i32,
): void {
  let i = 0;
  for (; i + 8 <= pixels; i += 8) {
    const at = samples + ((<usize>i) << 2);
    let low = f32x4.splat(NaN);
    let high = f32x4.splat(NaN);
    for (let k = 0; k < count; k++) {
      const from = at + ((<usize>load<i32>(offsets + ((<usize>k) << 2))) << 2);
      low = larger(low, v128.load(from));
      high = larger(high, v128.load(from, 16));
    }
    const into = out + ((<usize>i) << 3);
    v128.store(into, f64x2.promote_low_f32x4(low));
    v128.store(
      into,
      f64x2.promote_low_f32x4(i8x16.shuffle(low, low, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)),
      16,
    );
    v128.store(into, f64x2.promote_low_f32x4(high), 32);
    v128.store(
      into,
      f64x2.promote_low_f32x4(i8x16.shuffle(high, high, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)),
      48,
    );
  }
  for (; i < pixels; i++) {
    let best: f32 = NaN;
    for (let k = 0; k < count; k++) {
      const next = load<f32>(samples + ((<usize>(i + load<i32>(offsets + ((<usize>k) << 2)))) << 2));
      if (next > best || best != best) best = next;
    }
    store<f64>(out + ((<usize>i) << 3), <f64>best);
  }
}
