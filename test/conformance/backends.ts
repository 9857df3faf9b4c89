import type { KernelTable } from '../../worker/kernels/kernel.js';
import { REFERENCE_KERNELS } from '../../worker/kernels/reference/index.js';

/** The kernels that the suite runs, by backend. */
export const BACKENDS: Readonly<Record<string, KernelTable>> = { reference: REFERENCE_KERNELS };
