import { boxRadiusOf } from '../../../tiling/operations/moments.js';
import type { Kernel } from '../kernel.js';
import { mean as referenceMean } from '../reference/moments.js';

/** The mean over an odd square is the box mean of its radius; other footprints are summed directly. */
export function wasmMean(box: Kernel): Kernel {
  return (input, output, operation, context) => {
    const radius = boxRadiusOf(operation);
    if (radius === undefined) return referenceMean(input, output, operation, context);
    box(input, output, { ...operation, params: { radius } }, context);
  };
}
