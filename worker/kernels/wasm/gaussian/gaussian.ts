import { fixedWeights, usesLadder } from '../../../../tiling/operations/gaussian.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { rowModule } from '../samples/float-rows.js';
import { hasHoles } from '../samples/holes.js';
import { directGaussian } from './direct-gaussian.js';
import { ladderGaussian } from './scale-space/ladder.js';
import { ladderModule } from './scale-space/ladder-planes.js';
import { byteLadder, byteLadderModules, fitsByteLadder } from './scale-space-uint8/byte-ladder.js';
import { fixedWeightsOf } from './separable/fixed-weights.js';
import { separableMean } from './separable/separable.js';
import { fixedModule, separableFixed } from './separable/separable-fixed.js';

/**
 * Gaussian mean: a fixed one by rows and columns, in fixed point for uint8 and in float32 otherwise, one by map
 * through the ladder of sigmas, or as the direct sum where the exact quality is asked for.
 */
export function wasmGaussian(arena: WasmArena): Kernel {
  const rows = rowModule(arena);
  const fixedRows = fixedModule(arena);
  const direct = directGaussian(arena);
  const modules = { arena, rows, ladder: ladderModule(arena) };
  const byteModules = byteLadderModules(arena, modules.ladder, fixedRows);
  return (input, output, operation, context) => {
    if (context.map) {
      const bytes = output.dtype !== 'uint16' && fitsByteLadder(input, context);
      if (usesLadder(operation) && bytes) byteLadder(byteModules, { input, output }, context.map);
      else if (usesLadder(operation)) ladderGaussian(modules, { input, output }, context);
      else direct(input, output, operation, context);
      return;
    }
    const weights = fixedWeights(operation);
    const fixed = isPlainBytes(input, output, context) ? fixedWeightsOf(weights) : undefined;
    if (fixed) separableFixed(arena, fixedRows, { input, output }, fixed);
    else separableMean(arena, rows, { input, output }, weights, context);
  };
}

/** Whether all samples are bytes of equal weight. */
function isPlainBytes(input: TileRaster, output: TileRaster, context: KernelContext): boolean {
  const bytes = input.dtype === 'uint8' && output.dtype === 'uint8';
  return bytes && context.alpha !== 'unassociated' && !hasHoles(input, context);
}
