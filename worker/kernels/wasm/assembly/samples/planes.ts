// One channel at a time: samples taken out of interleaved rows and put back, sums over long windows that slide,
// and blending. Rows are float32 with room for whole vectors behind them.

export function gather8(source: usize, into: usize, count: u32, channels: u32): void {
  for (let i: u32 = 0; i < count; i++, source += channels, into += 4) store<f32>(into, <f32>load<u8>(source));
}

export function gather16(source: usize, into: usize, count: u32, channels: u32): void {
  const step = <usize>channels * 2;
  for (let i: u32 = 0; i < count; i++, source += step, into += 4) store<f32>(into, <f32>load<u16>(source));
}

/** An infinity becomes NaN, so that it propagates to its windows as NaN does. */
export function gather32(source: usize, into: usize, count: u32, channels: u32): void {
  const step = <usize>channels * 4;
  for (let i: u32 = 0; i < count; i++, source += step, into += 4) {
    const value = load<f32>(source);
    store<f32>(into, value + (value - value));
  }
}

// @ts-ignore: decorator
@inline
function halfUp(source: usize, most: u32): u32 {
  const value = <u32>i32x4.extract_lane(i32x4.trunc_sat_f32x4_u(f32x4.splat(load<f32>(source) + 0.5)), 0);
  return value > most ? most : value;
}

/** uint8 samples: half up, clamped, NaN as 0. */
export function scatter8(source: usize, into: usize, count: u32, channels: u32): void {
  for (let i: u32 = 0; i < count; i++, into += channels, source += 4) store<u8>(into, <u8>halfUp(source, 255));
}

/** uint16 samples: half up, clamped, NaN as 0. */
export function scatter16(source: usize, into: usize, count: u32, channels: u32): void {
  const step = <usize>channels * 2;
  for (let i: u32 = 0; i < count; i++, into += step, source += 4) store<u16>(into, <u16>halfUp(source, 65535));
}

export function scatter32(source: usize, into: usize, count: u32, channels: u32): void {
  const step = <usize>channels * 4;
  for (let i: u32 = 0; i < count; i++, into += step, source += 4) store<f32>(into, load<f32>(source));
}

/** Whether all samples of a row are finite. */
export function allFinite(row: usize, count: u32): u32 {
  const end = row + <usize>count * 4;
  let nonFinite: f32 = 0;
  for (; row < end; row += 4) {
    const value = load<f32>(row);
    nonFinite += value - value;
  }
  return nonFinite == 0 ? 1 : 0;
}

/** sums[i] += entering[i] − leaving[i], sums being float64: exact while the samples span less than 2^17 to 1. */
export function slide(sums: usize, entering: usize, leaving: usize, count: u32): void {
  const end = sums + <usize>count * 8;
  while (sums < end) {
    const change = f64x2.sub(
      f64x2.promote_low_f32x4(v128.load64_zero(entering)),
      f64x2.promote_low_f32x4(v128.load64_zero(leaving)),
    );
    v128.store(sums, f64x2.add(v128.load(sums), change));
    sums += 16;
    entering += 8;
    leaving += 8;
  }
}

/** The sums as float32. */
export function narrow(sums: usize, into: usize, count: u32): void {
  const end = into + <usize>count * 4;
  while (into < end) {
    v128.store64_lane(into, f32x4.demote_f64x2_zero(v128.load(sums)), 0);
    sums += 16;
    into += 8;
  }
}

/** into[i] = Σ source[i + j] for |j| ≤ radius; `source` is the sample of i = 0 and has margins of that width. */
export function slideAlong(source: usize, into: usize, count: u32, radius: u32): void {
  let leaving = source - <usize>radius * 4;
  let entering = source + <usize>radius * 4;
  let sum: f64 = 0;
  for (let at = leaving; at < entering; at += 4) sum += <f64>load<f32>(at);
  const end = into + <usize>count * 4;
  for (let left: f64 = 0; into < end; into += 4) {
    sum += <f64>load<f32>(entering) - left;
    left = <f64>load<f32>(leaving);
    store<f32>(into, <f32>sum);
    entering += 4;
    leaving += 4;
  }
}

/** into[i] = old + shares[i]·(sums[i]·factors[i]·factor − old) with old = source[i]. */
export function blend(
  source: usize,
  sums: usize,
  shares: usize,
  factors: usize,
  factor: f32,
  into: usize,
  count: u32,
): void {
  const end = into + <usize>count * 4;
  const all = f32x4.splat(factor);
  while (into < end) {
    const old = v128.load(source);
    const mean = f32x4.mul(v128.load(sums), f32x4.mul(v128.load(factors), all));
    v128.store(into, f32x4.add(old, f32x4.mul(v128.load(shares), f32x4.sub(mean, old))));
    source += 16;
    sums += 16;
    shares += 16;
    factors += 16;
    into += 16;
  }
}
