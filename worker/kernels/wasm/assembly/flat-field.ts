// Calibration of float32 rows, whole vectors.

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
