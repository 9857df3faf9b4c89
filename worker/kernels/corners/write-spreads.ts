import type { LaneLayout } from '../../../tiling/operations/corners.js';
import type { Digits } from '../../../tiling/operations/digits.js';
import type { Operation } from '../../../tiling/operations/index.js';
import type { WindowSums } from '../corner-kernels.js';
import type { KernelContext, TileRaster } from '../kernel.js';
import { fillSamples } from '../reference/samples/pixels.js';
import { addBeyond, pixelsInside, pixelsOf } from './window-pixels.js';

/** What of n·Σv² is no more than rounding: of whole numbers of 16 bits, that of no window is as small. */
const LEAST_SHARE = 2 ** -90;
/** Cuts float64 into halves whose products are exact. */
const HALVES = 2 ** 27 + 1;

/**
 * Standard deviations or variances of windows. All sums are exact; n·Σv² − (Σv)² is taken in pairs of float64, of 2⁻¹⁰⁴ of
 * n·Σv², so that samples need not be counted from a middle.
 */
export function writeSpreads(
  input: TileRaster,
  output: TileRaster,
  { windows, sums, layout, beyond, operation }: WindowSums & { readonly operation: Operation },
  context: KernelContext,
): void {
  const { rect, channels } = output;
  const { lanes, weighted, countsBad } = layout;
  const { border } = windows;
  const ddof = operation.params.ddof as number;
  const root = operation.name === 'std';
  const squaresAt = squaresAround(layout, channels);
  const weights = channels * (layout.digits?.at.length ?? 1);
  const bad = weights + (weighted ? channels : 0);
  addBeyond({ windows, sums, layout, beyond });
  fillSamples(input, output, context, (x, y, channel) => {
    const [column, row] = [x - rect.x, y - rect.y];
    const pixel = row * rect.width + column;
    const at = pixel * lanes;
    if (countsBad && sums[at + bad + channel]! > 0) return Number.NaN;
    let count: number;
    if (weighted) count = sums[at + weights + channel]!;
    else count = border === 'clip' ? pixelsInside(windows, column, row) : pixelsOf(windows, pixel);
    if (count <= ddof) return 0;
    const variance = squaresAt(sums, at, channel, count) / (count - ddof);
    return root ? Math.sqrt(variance) : variance;
  });
}

/** Σ(v − mean)² of a window's channel; `at` is where its lanes begin. */
function squaresAround(
  { lanes, digits = { bits: 53, at: [0] }, squares = digits }: LaneLayout,
  channels: number,
): (sums: Float64Array, at: number, channel: number, count: number) => number {
  const [ofSamples, ofSquares] = [digits, squares].map(unitsOf) as [Float64Array, Float64Array];
  const firstSquare = lanes - channels * ofSquares.length;
  return (sums, at, channel, count) => {
    const samplesAt = at + channel * ofSamples.length;
    const squaresAt = at + firstSquare + channel * ofSquares.length;
    const sum = numberOf(sums, samplesAt, ofSamples);
    const sumRest = restOf(sums, samplesAt, ofSamples);
    const square = numberOf(sums, squaresAt, ofSquares);
    const squareRest = restOf(sums, squaresAt, ofSquares);
    const whole = count * square;
    const wholeRest = productRest(count, square, whole) + count * squareRest;
    const taken = sum * sum;
    const takenRest = productRest(sum, sum, taken) + (2 * sum + sumRest) * sumRest;
    const left = whole - taken;
    const all = left + (additionRest(whole, -taken, left) + (wholeRest - takenRest));
    return all > whole * LEAST_SHARE ? all / count : 0;
  };
}

function unitsOf({ at }: Digits): Float64Array {
  return Float64Array.from(at, (exponent) => 2 ** exponent);
}

/** The number that sums of digits stand for, as float64 has it. */
function numberOf(sums: Float64Array, from: number, units: Float64Array): number {
  let number = 0;
  for (let i = units.length - 1; i >= 0; i--) number += sums[from + i]! * units[i]!;
  return number;
}

/** What {@link numberOf} drops. */
function restOf(sums: Float64Array, from: number, units: Float64Array): number {
  let number = 0;
  let rest = 0;
  for (let i = units.length - 1; i >= 0; i--) {
    const digit = sums[from + i]! * units[i]!;
    const next = number + digit;
    rest += additionRest(number, digit, next);
    number = next;
  }
  return rest;
}

/** What float64 drops of a + b (Knuth, The Art of Computer Programming, volume 2, section 4.2.2). */
function additionRest(a: number, b: number, sum: number): number {
  const ofB = sum - a;
  return a - (sum - ofB) + (b - ofB);
}

/** What float64 drops of a·b (Dekker 1971). */
function productRest(a: number, b: number, product: number): number {
  const [a1, b1] = [upperHalf(a), upperHalf(b)];
  const [a0, b0] = [a - a1, b - b1];
  return a0 * b0 - (product - a1 * b1 - a0 * b1 - a1 * b0);
}

function upperHalf(value: number): number {
  const cut = HALVES * value;
  return cut - (cut - value);
}
