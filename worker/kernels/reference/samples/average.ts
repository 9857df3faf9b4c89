import { grow, intersect, type Reach } from '../../../../tiling/geometry/rect.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import { invalidSamplesOf, sampleIndex } from './pixels.js';

/** A window and the weight of each offset in it. */
export interface WeightedWindow extends Reach {
  readonly weight: (dx: number, dy: number) => number;
}

/** Σ(w·s) / Σw around one pixel. */
export type Average = (x: number, y: number, channel: number, window: WeightedWindow) => number;

/**
 * The weighted mean over a window's samples that the input holds: under border `clip` that cuts the window at
 * the image. A nodata sample and a masked pixel have weight 0; where alpha is unassociated, colour is weighted by its pixel's
 * alpha too. The pixel's own sample where all weights are 0; NaN where a weighted sample is not finite. Sums in float64, row by row.
 */
export function averageOver(input: TileRaster, context: KernelContext): Average {
  const { samples, channels } = input;
  const isInvalid = invalidSamplesOf(input, context);
  const alpha = context.alpha === 'unassociated' ? channels - 1 : -1;

  function own(pixel: number, channel: number): number {
    if (isInvalid(pixel, channel)) return 0;
    if (alpha < 0 || channel === alpha) return 1;
    return isInvalid(pixel, alpha) ? 0 : samples[pixel + alpha]!;
  }

  return (x, y, channel, window) => {
    const rect = intersect(grow({ x, y, width: 1, height: 1 }, window), input.rect);
    let weighted = 0;
    let weights = 0;
    for (let v = rect.y; v < rect.y + rect.height; v++) {
      for (let u = rect.x; u < rect.x + rect.width; u++) {
        const share = window.weight(u - x, v - y);
        // A pixel outside the window changes nothing, whatever its alpha.
        if (share === 0) continue;
        const pixel = sampleIndex(input, u, v);
        const weight = share * own(pixel, channel);
        if (weight === 0) continue;
        weighted += weight * samples[pixel + channel]!;
        weights += weight;
      }
    }
    if (weights === 0) return samples[sampleIndex(input, x, y) + channel]!;
    return Number.isFinite(weighted) && Number.isFinite(weights) ? weighted / weights : Number.NaN;
  };
}
