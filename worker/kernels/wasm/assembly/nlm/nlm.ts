// Rows of non-local means, float32 with room for whole vectors behind them: squared differences of two rows, their sums
// over patches, weights, and weighted sums. What lies behind a row's end is computed and never read.

/** into[i] (+)= (a[i] − b[i])² */
export function squares(a: usize, b: usize, into: usize, count: u32, first: bool): void {
  const end = into + <usize>count * 4;
  for (; into < end; a += 16, b += 16, into += 16) {
    const apart = f32x4.sub(v128.load(a), v128.load(b));
    const square = f32x4.mul(apart, apart);
    v128.store(into, first ? square : f32x4.add(v128.load(into), square));
  }
}

/** The same where samples have weights of 0 or 1 beside them: pairs of them, and how many count. */
export function weighedSquares(
  a: usize,
  b: usize,
  weightsA: usize,
  weightsB: usize,
  into: usize,
  pairs: usize,
  count: u32,
  first: bool,
): void {
  const end = into + <usize>count * 4;
  for (; into < end; a += 16, b += 16, weightsA += 16, weightsB += 16, into += 16, pairs += 16) {
    const pair = f32x4.mul(v128.load(weightsA), v128.load(weightsB));
    const apart = f32x4.sub(v128.load(a), v128.load(b));
    // A sample that is not finite counts in pairs alone.
    const square = v128.and(f32x4.mul(apart, apart), f32x4.gt(pair, f32x4.splat(0)));
    v128.store(into, first ? square : f32x4.add(v128.load(into), square));
    v128.store(pairs, first ? pair : f32x4.add(v128.load(pairs), pair));
  }
}

/** into[i] = the sum of source[i] to source[i + side − 1] */
export function along(source: usize, into: usize, count: u32, side: u32): void {
  const end = into + <usize>count * 4;
  for (; into < end; source += 16, into += 16) {
    let sum = v128.load(source);
    for (let k: u32 = 1; k < side; k++) sum = f32x4.add(sum, v128.load(source + (<usize>k << 2)));
    v128.store(into, sum);
  }
}

// @ts-ignore: decorator
@inline
function sumOf(rows: usize, side: u32, at: usize): v128 {
  let sum = v128.load(<usize>load<u32>(rows) + at);
  for (let k: u32 = 1; k < side; k++) sum = f32x4.add(sum, v128.load(<usize>load<u32>(rows + (<usize>k << 2)) + at));
  return sum;
}

/** e^x for −87 ≤ x ≤ 0 within 2·10^−7, relatively: 2^k times a polynomial over |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline
function exponential(x: v128): v128 {
  const k = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  let r = f32x4.sub(x, f32x4.mul(k, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(k, f32x4.splat(0.000212194440)));
  let sum = f32x4.splat(0.00138888889);
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(0.00833333333));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(0.0416666667));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(0.166666667));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(0.5));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(k), i32x4.splat(127)), 23);
  return f32x4.mul(sum, power);
}

/**
 * The weights of a row of pixels for one offset, times `unit`.
 *
 * @param rows addresses of `side` rows of sums of squares along themselves
 * @param pairs the same of how many pairs count, or 0 where `all` do: divided alike, so that tiles of both kinds agree
 */
export function weights(
  rows: usize,
  pairs: usize,
  side: u32,
  into: usize,
  count: u32,
  all: f32,
  bias: f32,
  scale: f32,
  unit: f32,
): void {
  const bytes = <usize>count * 4;
  for (let at: usize = 0; at < bytes; at += 16) {
    let mean = sumOf(rows, side, at);
    let some = i32x4.splat(-1);
    if (pairs) {
      const number = sumOf(pairs, side, at);
      some = f32x4.gt(number, f32x4.splat(0));
      mean = f32x4.div(mean, f32x4.max(number, f32x4.splat(1)));
    } else mean = f32x4.div(mean, f32x4.splat(all));
    const above = f32x4.max(f32x4.sub(mean, f32x4.splat(bias)), f32x4.splat(0));
    const exponent = f32x4.max(f32x4.mul(above, f32x4.splat(-scale)), f32x4.splat(-87));
    v128.store(into + at, v128.and(f32x4.mul(exponential(exponent), f32x4.splat(unit)), some));
  }
}

/** into[i] += weights[i] · samples[i] */
export function addWeighted(weighed: usize, samples: usize, into: usize, count: u32): void {
  const end = into + <usize>count * 4;
  for (; into < end; weighed += 16, samples += 16, into += 16) {
    v128.store(into, f32x4.add(v128.load(into), f32x4.mul(v128.load(weighed), v128.load(samples))));
  }
}

/** The same, and totals[i] += weights[i], where the samples' own weights are 1. */
export function addValid(weighed: usize, samples: usize, own: usize, into: usize, totals: usize, count: u32): void {
  const end = into + <usize>count * 4;
  for (; into < end; weighed += 16, samples += 16, own += 16, into += 16, totals += 16) {
    const weight = v128.and(v128.load(weighed), f32x4.gt(v128.load(own), f32x4.splat(0)));
    v128.store(into, f32x4.add(v128.load(into), f32x4.mul(weight, v128.load(samples))));
    v128.store(totals, f32x4.add(v128.load(totals), weight));
  }
}

/** into[i] += weights[i] */
export function addWeights(weighed: usize, into: usize, count: u32): void {
  const end = into + <usize>count * 4;
  for (; into < end; weighed += 16, into += 16) v128.store(into, f32x4.add(v128.load(into), v128.load(weighed)));
}

/** sums[i] /= totals[i]; 0 where nothing weighs. */
export function divide(sums: usize, totals: usize, count: u32): void {
  const end = sums + <usize>count * 4;
  for (; sums < end; sums += 16, totals += 16) {
    const total = v128.load(totals);
    const nothing = f32x4.eq(total, f32x4.splat(0));
    v128.store(sums, v128.andnot(f32x4.div(v128.load(sums), total), nothing));
  }
}
