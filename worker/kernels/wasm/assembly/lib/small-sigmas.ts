// Direct sums under Gaussians of small sigmas by map, over planes of pixels with four float32 lanes each.

// @ts-ignore: decorator
@inline
function splat(value: f32): v128 {
  return f32x4.splat(value);
}

/**
 * e^x for −700 < x ≤ 0 within 10^−11: 2^k times a Taylor sum over |r| ≤ ln 2 / 2, in pairs of terms that do not wait
 * for each other. The standard library's keeps tables in linear memory, which belongs to the host here.
 */
function exponential(x: f64): f64 {
  const k = Math.floor(x * 1.4426950408889634 + 0.5);
  const r = x - k * 0.6931471805599453;
  const r2 = r * r;
  const r4 = r2 * r2;
  const low = 1 + r + r2 * (1.0 / 2 + r * (1.0 / 6));
  const middle = 1.0 / 24 + r * (1.0 / 120) + r2 * (1.0 / 720 + r * (1.0 / 5040));
  const high = 1.0 / 40320 + r * (1.0 / 362880);
  return (low + r4 * (middle + r4 * high)) * reinterpret<f64>((<i64>k + 1023) << 52);
}

// @ts-ignore: decorator
@inline
function weighed(sum: v128, weight: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(weight, f32x4.add(a, b)));
}

/** The weighted sum of a column of pixels around `at`, rows `step` bytes apart. */
// @ts-ignore: decorator
@inline
function columnSum(at: usize, step: usize, radius: i32, w1: v128, w2: v128, w3: v128, w4: v128): v128 {
  let sum = weighed(v128.load(at), w1, v128.load(at - step), v128.load(at + step));
  if (radius < 2) return sum;
  sum = weighed(sum, w2, v128.load(at - 2 * step), v128.load(at + 2 * step));
  if (radius < 3) return sum;
  sum = weighed(sum, w3, v128.load(at - 3 * step), v128.load(at + 3 * step));
  if (radius < 4) return sum;
  return weighed(sum, w4, v128.load(at - 4 * step), v128.load(at + 4 * step));
}

// @ts-ignore: decorator
@inline
function pixelInPlane(plane: usize, width: i32, height: i32, u: i32, v: i32): v128 {
  const inside = u >= 0 && u < width && v >= 0 && v < height;
  return inside ? v128.load(plane + ((<usize>(v * width + u)) << 4)) : f32x4.splat(0);
}

/** The same at the plane's edge, beyond which everything is 0: the same sums in the same order. */
function edgeColumnSum(
  plane: usize,
  width: i32,
  height: i32,
  u: i32,
  v: i32,
  radius: i32,
  w1: v128,
  w2: v128,
  w3: v128,
  w4: v128,
): v128 {
  let sum = pixelInPlane(plane, width, height, u, v);
  for (let d = 1; d <= radius; d++) {
    const weight = d == 1 ? w1 : d == 2 ? w2 : d == 3 ? w3 : w4;
    const above = pixelInPlane(plane, width, height, u, v - d);
    sum = weighed(sum, weight, above, pixelInPlane(plane, width, height, u, v + d));
  }
  return sum;
}

/**
 * The direct sum, not divided, for the pixels of one row whose sigma is below 1: positions below 2. `plane` is
 * the full grid, (x, y) the first pixel on it. Weights of distance d are q^(d*d); they are divided by their sum
 * over the whole window, so that both planes of a tile see the same ones.
 */
export function gatherDirect(
  plane: usize,
  planeWidth: i32,
  planeHeight: i32,
  x: i32,
  y: i32,
  sigmas: usize,
  sums: usize,
  width: i32,
): void {
  const step = <usize>planeWidth << 4;
  for (let i = 0; i < width; i++) {
    const sigma = load<f32>(sigmas + (<usize>i << 2));
    if (sigma >= 1) continue;
    const into = sums + (<usize>i << 4);
    const radius = <i32>Math.floor(4 * <f64>sigma + 0.5);
    const u = x + i;
    const at = plane + ((<usize>(y * planeWidth + u)) << 4);
    if (radius == 0) {
      v128.store(into, v128.load(at));
      continue;
    }
    const q = <f32>exponential(-1 / (2 * <f64>sigma * <f64>sigma));
    // Powers that no window needs would be denormal, at which processors take a hundred times as long.
    const q4: f32 = radius > 1 ? q * q * (q * q) : 0;
    const q9: f32 = radius > 2 ? q4 * q4 * q : 0;
    const q16: f32 = radius > 3 ? q4 * q4 * q4 * q4 : 0;
    const total: f32 = 1 + 2 * (q + q4 + q9 + q16);
    const w1 = splat(q);
    const w2 = splat(q4);
    const w3 = splat(q9);
    const w4 = splat(q16);
    let sum: v128;
    if (u >= radius && u + radius < planeWidth && y >= radius && y + radius < planeHeight) {
      sum = columnSum(at, step, radius, w1, w2, w3, w4);
      for (let d = 1; d <= radius; d++) {
        const weight = d == 1 ? w1 : d == 2 ? w2 : d == 3 ? w3 : w4;
        const aside = <usize>d << 4;
        const left = columnSum(at - aside, step, radius, w1, w2, w3, w4);
        sum = weighed(sum, weight, left, columnSum(at + aside, step, radius, w1, w2, w3, w4));
      }
    } else {
      sum = edgeColumnSum(plane, planeWidth, planeHeight, u, y, radius, w1, w2, w3, w4);
      for (let d = 1; d <= radius; d++) {
        const weight = d == 1 ? w1 : d == 2 ? w2 : d == 3 ? w3 : w4;
        const left = edgeColumnSum(plane, planeWidth, planeHeight, u - d, y, radius, w1, w2, w3, w4);
        const right = edgeColumnSum(plane, planeWidth, planeHeight, u + d, y, radius, w1, w2, w3, w4);
        sum = weighed(sum, weight, left, right);
      }
    }
    v128.store(into, f32x4.mul(sum, splat(1 / (total * total))));
  }
}
