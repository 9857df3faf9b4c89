import { MAP_TRUNCATE } from '../../../../tiling/operations/gaussian.js';
import { gaussianRadius, gaussianWeights } from '../../../../tiling/operations/gaussian-weights.js';
import type { Kernel } from '../../kernel.js';
import { fillSamples } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { hasInvalid } from '../samples/invalid-samples.js';
import { allocatePlane, loadPlane, planeModule, weighPlane } from '../samples/planes.js';

/** Sigmas whose weights are kept; a map repeats few. */
const MAX_KEPT = 4096;

/** Gaussian by map as the direct sum over each pixel's window, one plane a channel, summed in float64. */
export function directGaussian(arena: WasmArena): Kernel {
  const module = instantiate(arena, 'gaussian/direct', ['directMean']);
  const planes = planeModule(arena);
  return (input, output, _operation, context) => {
    const map = context.map!;
    const mark = arena.mark();
    const weighted = context.alpha === 'unassociated' || hasInvalid(input, context);
    const channels = Array.from({ length: input.channels }, (_, c) => {
      const sums = allocatePlane(arena, input.rect);
      const weights = weighted ? allocatePlane(arena, input.rect) : undefined;
      if (weights) weighPlane(arena, input, c, context, { sums, weights });
      else loadPlane(planes, arena, input, c, sums);
      return { samples: sums.address, shares: weights?.address ?? 0, strideBytes: sums.strideBytes };
    });
    const most = 2 * gaussianRadius(map.max, MAP_TRUNCATE) + 1;
    const window = new Float64Array(arena.memory.buffer, arena.alloc(most * 8), most);
    const kept = new Map<number, Float64Array>();
    let current: number | undefined;
    let radius = 0;
    const take = (sigma: number) => {
      radius = gaussianRadius(sigma, MAP_TRUNCATE);
      let half = kept.get(sigma);
      if (half === undefined) {
        half = gaussianWeights(sigma, radius);
        if (kept.size < MAX_KEPT) kept.set(sigma, half);
      }
      for (let i = -radius; i <= radius; i++) window[i + radius] = half[Math.abs(i)]!;
      current = sigma;
    };
    const { rect } = input;
    fillSamples(input, output, context, (x, y, c, own) => {
      const sigma = map.values[(y - map.rect.y) * map.rect.width + (x - map.rect.x)]!;
      if (sigma !== current) take(sigma);
      const { samples, shares, strideBytes } = channels[c]!;
      const place = [rect.width, rect.height, x - rect.x, y - rect.y] as const;
      return module.directMean(samples, shares, strideBytes, ...place, window.byteOffset, radius, own);
    });
    arena.release(mark);
  };
}
