import { fixedWeights, usesScaleSpace } from '../../../../tiling/operations/gaussian.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { rowModule } from '../samples/float-rows.js';
import { hasInvalid } from '../samples/invalid-samples.js';
import { directGaussian } from './direct-gaussian.js';
import { scaleSpaceModule } from './scale-space/planes.js';
import { scaleSpaceGaussian } from './scale-space/scale-space.js';
import { int16ScaleSpace, int16ScaleSpaceModules, valueScaleOf } from './scale-space-int16/int16-scale-space.js';
import { fixedWeightsOf } from './separable/fixed-weights.js';
import { separableMean } from './separable/separable.js';
import { fixedModule, separableFixed } from './separable/separable-fixed.js';

/**
 * Gaussian mean: a fixed one by rows and columns, in fixed point for uint8 and in float32 otherwise, one by map
 * through the scale space, or as the direct sum where the exact quality is asked for.
 */
export function wasmGaussian(arena: WasmArena): Kernel {
  const rows = rowModule(arena);
  const fixedRows = fixedModule(arena);
  const direct = directGaussian(arena);
  const modules = { arena, rows, scaleSpace: scaleSpaceModule(arena) };
  const int16 = int16ScaleSpaceModules(arena, modules.scaleSpace);
  return (input, output, operation, context) => {
    if (context.map) {
      if (!usesScaleSpace(operation)) return direct(input, output, operation, context);
      const scale = context.grids === undefined ? valueScaleOf(int16, { input, output }, context) : undefined;
      if (scale) int16ScaleSpace(int16, { input, output }, context.map, scale);
      else scaleSpaceGaussian(modules, { input, output }, context);
      return;
    }
    const weights = fixedWeights(operation);
    const fixed = isPlainUint8(input, output, context) ? fixedWeightsOf(weights) : undefined;
    if (fixed) separableFixed(arena, fixedRows, { input, output }, fixed);
    else separableMean(arena, rows, { input, output }, weights, context);
  };
}

/** Whether all samples are bytes of equal weight. */
function isPlainUint8(input: TileRaster, output: TileRaster, context: KernelContext): boolean {
  const bytes = input.dtype === 'uint8' && output.dtype === 'uint8';
  return bytes && context.alpha !== 'unassociated' && !hasInvalid(input, context);
}
