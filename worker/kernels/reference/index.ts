import type { KernelTable } from '../kernel.js';
import { box } from './box.js';

/** Every operation in plain TypeScript: the definition that faster backends are held to. */
export const REFERENCE_KERNELS: KernelTable = { box };
