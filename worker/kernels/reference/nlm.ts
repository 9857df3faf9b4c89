import { contains } from '../../../tiling/geometry/rect.js';
import { nlmParams } from '../../../tiling/operations/nlm.js';
import type { Kernel } from '../kernel.js';
import { fillSamples, invalidSamplesOf, sampleIndex } from './samples/pixels.js';

/**
 * Σ w(x, y)·s(y) / Σ w(x, y) over the pixels y of the window around x, with w = exp(−max(d² − 2σ², 0)/h²) and d² the mean
 * squared difference of the two patches' samples, all channels together. Samples that are not valid or not held are left
 * out of patches and sums; a patch without a pair weighs 0. One that is not finite gives NaN wherever it is reached.
 */
export const nlm: Kernel = (input, output, operation, context) => {
  const { patchReach, windowReach, h, sigma } = nlmParams(operation, input.dtype);
  const { channels } = input;
  const isInvalid = invalidSamplesOf(input, context);
  const isHeld = (x: number, y: number) => contains(input.rect, { x, y, width: 1, height: 1 });

  /** Undefined where there is none. */
  function sampleAt(x: number, y: number, c: number): number | undefined {
    if (!isHeld(x, y)) return undefined;
    const pixel = sampleIndex(input, x, y);
    if (isInvalid(pixel, c)) return undefined;
    const sample = input.samples[pixel + c]!;
    return Number.isFinite(sample) ? sample : Number.NaN;
  }

  function weightOf(x: number, y: number, dx: number, dy: number): number {
    let [squares, pairs] = [0, 0];
    for (let j = -patchReach; j <= patchReach; j++) {
      for (let i = -patchReach; i <= patchReach; i++) {
        for (let c = 0; c < channels; c++) {
          const a = sampleAt(x + i, y + j, c);
          const b = sampleAt(x + i + dx, y + j + dy, c);
          if (a === undefined || b === undefined) continue;
          squares += (a - b) ** 2;
          pairs++;
        }
      }
    }
    return pairs === 0 ? 0 : Math.exp(-Math.max(squares / pairs - 2 * sigma * sigma, 0) / (h * h));
  }

  const side = 2 * windowReach + 1;
  const weights = new Float64Array(side * side);
  fillSamples(input, output, context, (x, y, c) => {
    // Channels are innermost, and weights are those of all of them.
    if (c === 0 || context.nodata !== undefined) {
      for (let k = 0; k < weights.length; k++) {
        weights[k] = weightOf(x, y, (k % side) - windowReach, Math.floor(k / side) - windowReach);
      }
    }
    let [sum, total] = [0, 0];
    for (const [k, weight] of weights.entries()) {
      const sample = sampleAt(x + (k % side) - windowReach, y + Math.floor(k / side) - windowReach, c);
      if (sample === undefined) continue;
      sum += weight * sample;
      total += weight;
    }
    return total === 0 ? 0 : sum / total;
  });
};
