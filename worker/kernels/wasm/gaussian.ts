import { fixedWeights } from '../../../tiling/operations/gaussian.js';
import type { Kernel } from '../kernel.js';
import { gaussian as referenceGaussian } from '../reference/gaussian.js';
import type { WasmArena } from './arena.js';
import { rowModule } from './float-rows.js';
import { separableMean } from './separable.js';

/** Gaussian mean in float32: a fixed one by rows and columns. */
export function wasmGaussian(arena: WasmArena): Kernel {
  const module = rowModule(arena);
  return (input, output, operation, context) => {
    if (context.map) referenceGaussian(input, output, operation, context);
    else separableMean(arena, module, { input, output }, fixedWeights(operation), context);
  };
}
