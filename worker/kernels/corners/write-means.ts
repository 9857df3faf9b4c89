import type { LaneLayout } from '../../../tiling/operations/corners.js';
import { numberOf } from '../../../tiling/operations/digits.js';
import type { WindowSums } from '../corner-kernels.js';
import type { KernelContext, TileRaster } from '../kernel.js';
import { avoidNodata } from '../reference/samples/nodata.js';
import { invalidSamplesOf, nodataOf } from '../reference/samples/pixels.js';
import { roundedQuotient } from '../reference/samples/rounding.js';
import { addBeyond, pixelsInside, pixelsOf } from './window-pixels.js';

/**
 * Means of windows, those of integers rounded, kept off nodata as the box's are.
 */
export function writeMeans(
  input: TileRaster,
  output: TileRaster,
  { windows, sums, layout, beyond }: WindowSums,
  context: KernelContext,
): void {
  const { border } = windows;
  const { rect, channels, dtype } = output;
  const { lanes, weighted } = layout;
  const meanAt = meansOf(layout, channels, dtype === 'float32');
  const isInvalid = invalidSamplesOf(input, context);
  const nodata = nodataOf(input, context);
  addBeyond({ windows, sums, layout, beyond });
  for (let y = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++) {
      const pixel = y * rect.width + x;
      const from = y * input.stride + x * channels;
      const to = y * output.stride + x * channels;
      const at = pixel * lanes;
      const count = border === 'clip' ? pixelsInside(windows, x, y) : pixelsOf(windows, pixel);
      for (let c = 0; c < channels; c++) {
        const own = input.samples[from + c]!;
        const mean = meanAt(sums, { at, channel: c, count, own });
        if (weighted) output.samples[to + c] = isInvalid(from, c) ? own : avoidNodata(dtype, mean, nodata[c]!);
        else output.samples[to + c] = mean;
      }
    }
  }
}

/** The sums of one window. */
interface OneWindow {
  /** Where its lanes begin. */
  readonly at: number;
  readonly channel: number;
  /** Its pixels; counts where samples have no weights. */
  readonly count: number;
  /** The mean where no sample counts. */
  readonly own: number;
}

function meansOf(
  { digits, weightDigits, weighted, countsBad }: LaneLayout,
  channels: number,
  real: boolean,
): (sums: Float64Array, window: OneWindow) => number {
  const perSample = digits?.at.length ?? 1;
  const perWeight = weighted ? (weightDigits?.at.length ?? 1) : 0;
  return (sums, { at, channel, count, own }) => {
    const of = at + channel * perSample;
    const weightAt = at + channels * perSample + channel * perWeight;
    if (countsBad && sums[at + channels * (perSample + perWeight) + channel]! > 0) return Number.NaN;
    let weights = count;
    if (weighted) weights = weightDigits === undefined ? sums[weightAt]! : numberOf(weightDigits, sums, weightAt);
    if (weights === 0) return own;
    if (real) return numberOf(digits!, sums, of) / weights;
    if (digits === undefined) return roundedQuotient(sums[of]!, weights);
    return quotientOfDigits(sums, of, digits, weights);
  };
}

/** The sum that digits stand for over weights, whole numbers both, rounded half up. */
function quotientOfDigits(
  sums: Float64Array,
  of: number,
  { bits, at }: NonNullable<LaneLayout['digits']>,
  weights: number,
): number {
  // Nearly always: digits of integers are none below 0, and a sum that float64 rounds is no less than this.
  const sum = numberOf({ bits, at }, sums, of);
  if (sum < 2 ** 53) return roundedQuotient(sum, weights);
  let digits = 0n;
  for (let i = at.length - 1; i >= 0; i--) digits = (digits << BigInt(bits)) + BigInt(sums[of + i]!);
  const whole = BigInt(weights);
  return Number((2n * digits + whole) / (2n * whole));
}
