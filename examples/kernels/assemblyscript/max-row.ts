// The largest sample under the footprint, a row a call, eight pixels at a time. What is missing is NaN,
// which the pseudo-maximum (best < next ? next : best) never takes.

export function halotile_buffer(bytes: i32): usize {
  return heap.alloc(bytes);
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
    let low = f32x4.splat(-Infinity);
    let high = f32x4.splat(-Infinity);
    for (let k = 0; k < count; k++) {
      const from = at + ((<usize>load<i32>(offsets + ((<usize>k) << 2))) << 2);
      low = f32x4.pmax(low, v128.load(from));
      high = f32x4.pmax(high, v128.load(from, 16));
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
    let best: f32 = -Infinity;
    for (let k = 0; k < count; k++) {
      const next = load<f32>(samples + ((<usize>(i + load<i32>(offsets + ((<usize>k) << 2)))) << 2));
      if (next > best) best = next;
    }
    store<f64>(out + ((<usize>i) << 3), <f64>best);
  }
}
