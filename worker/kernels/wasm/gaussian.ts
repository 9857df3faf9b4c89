import { fixedWeights, usesLadder } from '../../../tiling/operations/gaussian.js';
import type { Kernel } from '../kernel.js';
import { gaussian as referenceGaussian } from '../reference/gaussian.js';
import type { WasmArena } from './arena.js';
import { rowModule } from './float-rows.js';
import { ladderGaussian } from './ladder.js';
import { ladderModule } from './ladder-planes.js';
import { separableMean } from './separable.js';

/** Lanes of a vector; images of more channels take the direct sum. */
const MAX_CHANNELS = 4;

/**
 * Gaussian mean in float32: a fixed one by rows and columns, one by map through the ladder of sigmas unless the
 * exact quality is asked for.
 */
export function wasmGaussian(arena: WasmArena): Kernel {
  const rows = rowModule(arena);
  const modules = { arena, rows, ladder: ladderModule(arena) };
  return (input, output, operation, context) => {
    if (!context.map) separableMean(arena, rows, { input, output }, fixedWeights(operation), context);
    else if (usesLadder(operation) && input.channels <= MAX_CHANNELS)
      ladderGaussian(modules, { input, output }, context);
    else referenceGaussian(input, output, operation, context);
  };
}
