// Weighted means summed directly, one window at a time: products and sums in float64.

/** Sum of `count` float32 at `row` by as many float64 at `weights`. */
// @ts-ignore: decorator
@inline
function dot(row: usize, weights: usize, count: i32): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const four = v128.load(row);
    const high = i32x4.shuffle(four, four, 2, 3, 2, 3);
    a = f64x2.add(a, f64x2.mul(f64x2.promote_low_f32x4(four), v128.load(weights)));
    b = f64x2.add(b, f64x2.mul(f64x2.promote_low_f32x4(high), v128.load(weights, 16)));
    row += 16;
    weights += 32;
  }
  a = f64x2.add(a, b);
  let sum = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (; i < count; i++) {
    sum += <f64>load<f32>(row) * load<f64>(weights);
    row += 4;
    weights += 8;
  }
  return sum;
}

/**
 * The mean around (x, y) of a plane of float32, its window cut at the plane: `weights` are 2 * radius + 1 float64 along either
 * axis. `shares`, 0 for none, is a plane of weights that the samples are multiplied by already; `own` where they are all 0.
 */
export function directMean(
  samples: usize, shares: usize, strideBytes: usize, width: i32, height: i32, x: i32, y: i32, weights: usize, radius: i32,
  own: f64,
): f64 {
  const left = max(0, x - radius);
  const count = min(width - 1, x + radius) - left + 1;
  const top = max(0, y - radius);
  const bottom = min(height - 1, y + radius);
  const across = weights + (<usize>(left - x + radius) << 3);
  let total: f64 = 0;
  let divisor: f64 = 0;
  let along: f64 = 0;
  for (let i = 0; i < count; i++) along += load<f64>(across + (<usize>i << 3));
  for (let v = top; v <= bottom; v++) {
    const weight = load<f64>(weights + (<usize>(v - y + radius) << 3));
    const at = <usize>v * strideBytes + (<usize>left << 2);
    total += weight * dot(samples + at, across, count);
    divisor += weight * (shares ? dot(shares + at, across, count) : along);
  }
  return divisor == 0 ? own : total / divisor;
}
