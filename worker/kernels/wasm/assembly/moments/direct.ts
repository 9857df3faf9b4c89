// Variances and means under a footprint summed directly, one window at a time: products and sums in float64.

/** A run of a footprint: offsets of its first pixel and its length, int32 each. */
const RUN: usize = 12;

/**
 * The sum of squared differences from the mean under a footprint around (x, y), over n - ddof; 0 where n <= ddof. The mean
 * comes first, so nothing cancels. `shares`, 0 for none, holds 0 where a sample is left out and is 0 too, 1 elsewhere.
 */
export function directVariance(
  samples: usize, shares: usize, strideBytes: usize, width: i32, height: i32, x: i32, y: i32, runs: usize, runCount: i32,
  ddof: f64,
): f64 {
  const end = runs + <usize>runCount * RUN;
  let n: f64 = 0;
  let sum: f64 = 0;
  let mean: f64 = 0;
  for (let pass = 0; pass < 2; pass++) {
    if (pass == 1) {
      mean = sum / n;
      sum = 0;
    }
    for (let run = runs; run < end; run += RUN) {
      const v = y + load<i32>(run, 4);
      if (v < 0 || v >= height) continue;
      const left = max(0, x + load<i32>(run));
      const count = min(width, x + load<i32>(run) + load<i32>(run, 8)) - left;
      const at = <usize>v * strideBytes + (<usize>left << 2);
      if (pass == 0) {
        sum += differences(samples + at, 0, count, 0, false);
        n += shares ? differences(shares + at, 0, count, 0, false) : <f64>max(0, count);
      } else sum += differences(samples + at, shares ? shares + at : 0, count, mean, true);
    }
  }
  return n > ddof ? sum / (n - ddof) : 0;
}

/**
 * The mean under a footprint around (x, y): the sum of `samples`, multiplied by their weights already, over that of
 * `shares`; `own` where that is 0.
 */
export function directRunMean(
  samples: usize, shares: usize, strideBytes: usize, width: i32, height: i32, x: i32, y: i32, runs: usize, runCount: i32,
  own: f64,
): f64 {
  const end = runs + <usize>runCount * RUN;
  let total: f64 = 0;
  let divisor: f64 = 0;
  for (let run = runs; run < end; run += RUN) {
    const v = y + load<i32>(run, 4);
    if (v < 0 || v >= height) continue;
    const left = max(0, x + load<i32>(run));
    const count = min(width, x + load<i32>(run) + load<i32>(run, 8)) - left;
    const at = <usize>v * strideBytes + (<usize>left << 2);
    total += differences(samples + at, 0, count, 0, false);
    divisor += differences(shares + at, 0, count, 0, false);
  }
  return divisor == 0 ? own : total / divisor;
}

/** Sum of differences from `mean`, or of their squares times the shares. */
// @ts-ignore: decorator
@inline
function differences(row: usize, shares: usize, count: i32, mean: f64, squared: bool): f64 {
  const means = f64x2.splat(mean);
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const four = v128.load(row);
    let low = f64x2.sub(f64x2.promote_low_f32x4(four), means);
    let high = f64x2.sub(f64x2.promote_low_f32x4(i32x4.shuffle(four, four, 2, 3, 2, 3)), means);
    if (squared) {
      low = f64x2.mul(low, low);
      high = f64x2.mul(high, high);
      if (shares) {
        const share = v128.load(shares);
        low = f64x2.mul(low, f64x2.promote_low_f32x4(share));
        high = f64x2.mul(high, f64x2.promote_low_f32x4(i32x4.shuffle(share, share, 2, 3, 2, 3)));
      }
    }
    a = f64x2.add(a, low);
    b = f64x2.add(b, high);
    row += 16;
    if (shares) shares += 16;
  }
  a = f64x2.add(a, b);
  let sum = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (; i < count; i++) {
    const difference = <f64>load<f32>(row) - mean;
    sum += squared ? difference * difference * (shares ? <f64>load<f32>(shares) : 1) : difference;
    row += 4;
    if (shares) shares += 4;
  }
  return sum;
}
