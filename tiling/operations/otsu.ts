import type { DType } from '../raster/dtype.js';
import type { Operation, Reduction } from './descriptor.js';

/** Bins of a float32 image's histogram between its smallest and largest sample, as in scikit-image. */
export const FLOAT_BINS = 256;

/** Extremes and counts of one channel of a tile, or of all merged; `counts` is empty in a range pass. */
export interface ChannelPartial {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
}

/**
 * Otsu's method as a reduction. Integer images need one pass: one bin a value. Float images need two: their
 * range first (it becomes the parameter `ranges`), then {@link FLOAT_BINS} bins over it.
 */
export const otsuReduction: Reduction = {
  passesLeft: (operation, input) => {
    if (operation.params.method !== 'otsu' || operation.params.values !== undefined) return 0;
    return input === 'float32' && operation.params.ranges === undefined ? 2 : 1;
  },
  isPartial: (partial, channels) => Array.isArray(partial) && partial.length === channels && partial.every(isChannel),
  merge: (a, b) => mergePartials(a as readonly ChannelPartial[], b as readonly ChannelPartial[]),
  complete: (operation, input, merged) => completeOtsu(operation, input, merged as readonly ChannelPartial[]),
};

/** The ranges that the first pass over a float image found, one [low, high] a channel. */
export function otsuRanges(operation: Operation): readonly (readonly [number, number])[] | undefined {
  return operation.params.ranges as readonly (readonly [number, number])[] | undefined;
}

/**
 * The threshold that maximises the variance between the classes below and above it, the first on a tie; pixels
 * above it are foreground. `centres` are the bins' values. As scikit-image's `threshold_otsu`, in float64.
 * @returns the only value where one bin is taken; NaN for an empty histogram
 */
export function otsuThreshold(counts: readonly number[], centres: (bin: number) => number): number {
  let total = 0;
  let sum = 0;
  for (const [bin, count] of counts.entries()) {
    total += count;
    sum += count * centres(bin);
  }
  let best = Number.NaN;
  let bestVariance = -1;
  let below = 0;
  let sumBelow = 0;
  for (const [bin, count] of counts.entries()) {
    below += count;
    sumBelow += count * centres(bin);
    if (below === 0) continue;
    const above = total - below;
    if (above === 0) return bestVariance < 0 ? centres(bin) : best;
    const difference = sumBelow / below - (sum - sumBelow) / above;
    const variance = below * above * difference * difference;
    if (variance > bestVariance) {
      bestVariance = variance;
      best = centres(bin);
    }
  }
  return best;
}

/** Bins of the widest type that is counted one by one. */
const MAX_BINS = 2 ** 16;

function isChannel(channel: Partial<Record<keyof ChannelPartial, unknown>> | null): boolean {
  if (typeof channel !== 'object' || channel === null) return false;
  const { low, high, counts } = channel;
  if (typeof low !== 'number' || typeof high !== 'number' || !Array.isArray(counts)) return false;
  return counts.length <= MAX_BINS && counts.every((count) => Number.isSafeInteger(count) && count >= 0);
}

function mergePartials(a: readonly ChannelPartial[], b: readonly ChannelPartial[]): ChannelPartial[] {
  return a.map((mine, c) => {
    const other = b[c]!;
    const counts = Array.from(
      { length: Math.max(mine.counts.length, other.counts.length) },
      (_, bin) => (mine.counts[bin] ?? 0) + (other.counts[bin] ?? 0),
    );
    return { low: Math.min(mine.low, other.low), high: Math.max(mine.high, other.high), counts };
  });
}

function completeOtsu(operation: Operation, input: DType, merged: readonly ChannelPartial[]): Operation {
  const ranges = otsuRanges(operation);
  if (input === 'float32' && ranges === undefined) {
    // A channel without any sample has no range; any will do.
    const found = merged.map(({ low, high }) => (low <= high ? [low, high] : [0, 0]));
    return { ...operation, params: { ...operation.params, ranges: found } };
  }
  const values = merged.map(({ counts }, c) => {
    if (ranges === undefined) return otsuThreshold(counts, (bin) => bin);
    const [low, high] = ranges[c]!;
    if (low === high) return low;
    return otsuThreshold(counts, (bin) => low + ((bin + 0.5) * (high - low)) / FLOAT_BINS);
  });
  return { ...operation, params: { ...operation.params, values } };
}
