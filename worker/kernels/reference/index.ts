import type { KernelTable } from '../kernel.js';
import type { PixelKernels } from '../pixel-kernels.js';
import { box } from './box.js';
import { convert } from './convert.js';
import { cutBlock } from './cut-block.js';
import { halve } from './halve.js';
import { radiiOf } from './map-values.js';

export { extendBorder } from './extend-border.js';
export { type Mapping, radiiOf, sigmasOf } from './map-values.js';

/** Every operation in plain TypeScript: the definition that faster backends are held to. */
export const REFERENCE_KERNELS: KernelTable = { box };

/** What pixels pass through beside operations, in plain TypeScript. */
export const REFERENCE_PIXELS: PixelKernels = { halve, radii: radiiOf, cutBlock, convert };
