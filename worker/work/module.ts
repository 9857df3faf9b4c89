import { checkModuleApart } from '../kernels/custom/check-apart.js';
import type { Runner } from './runner.js';

/** Checks a user's module in a process of its own, within limits of time and memory. */
export const module: Runner<'module'> = async ({ data: { bytes, file } }) => {
  return { value: await checkModuleApart(bytes, file), crc: 0 };
};
