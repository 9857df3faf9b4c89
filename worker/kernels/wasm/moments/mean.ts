import { boxRadiusOf, neighbourhoodOf, takesDirectMean } from '../../../../tiling/operations/moments.js';
import type { Kernel } from '../../kernel.js';
import type { DirectMean } from './direct-runs.js';
import type { FloatRunMean } from './float-run-mean.js';
import type { RunMoments } from './run-moments.js';

/** The mean over an odd square is the box mean of its radius; other footprints are summed by runs, float weights directly. */
export function wasmMean(
  box: Kernel,
  runs: RunMoments,
  floats: { readonly runs: FloatRunMean; readonly direct: DirectMean },
): Kernel {
  return (input, output, operation, context) => {
    const radius = boxRadiusOf(operation);
    if (radius !== undefined) return box(input, output, { ...operation, params: { radius } }, context);
    const tile = { input, output, footprint: neighbourhoodOf(operation) };
    const byAlpha = context.alpha === 'unassociated';
    if (takesDirectMean(input.dtype, byAlpha)) return floats.direct(tile, context);
    if (input.dtype === 'float32') return floats.runs(tile, context);
    runs({ ...tile, pivot: 0, byAlpha }, context, (weight, mean, _squares, own) => (weight === 0 ? own : mean));
  };
}
