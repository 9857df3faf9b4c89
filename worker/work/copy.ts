import { copyBlocks } from '../../tiling/stitch/copy-blocks.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import type { Runner } from './runner.js';

/** Copies blocks to their places in an output. */
export const copy: Runner<'copy'> = async ({ data: { target, copies } }) => {
  try {
    copyBlocks(target, copies);
  } catch (error) {
    throw outputFault(error, target);
  }
  return { value: null, crc: 0 };
};
