import { boxRadiusOf, neighbourhoodOf } from '../../../tiling/operations/moments.js';
import { runsFit } from '../../../tiling/operations/scratch.js';
import type { Kernel } from '../kernel.js';
import { mean as referenceMean } from '../reference/moments.js';
import type { RunMoments } from './run-moments.js';

/**
 * The mean over an odd square is the box mean of its radius; other footprints are summed by runs. Floats weighted by
 * alpha and footprints of very many rows go to the reference: a difference of float weights is not 0 where it should be.
 */
export function wasmMean(box: Kernel, runs: RunMoments): Kernel {
  return (input, output, operation, context) => {
    const radius = boxRadiusOf(operation);
    if (radius !== undefined) return box(input, output, { ...operation, params: { radius } }, context);
    const footprint = neighbourhoodOf(operation);
    const { dtype, channels, rect } = input;
    const byAlpha = context.alpha === 'unassociated';
    const fits = runsFit({ input: rect, outputWidth: output.rect.width, channels }, footprint);
    if (input.valid !== undefined || !fits || (byAlpha && dtype === 'float32')) {
      return referenceMean(input, output, operation, context);
    }
    const tile = { input, output, footprint, pivot: 0, byAlpha };
    runs(tile, context, (weight, mean) => (weight === 0 ? 0 : mean));
  };
}
