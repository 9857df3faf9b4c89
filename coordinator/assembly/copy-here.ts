import { copyBlocks, spanOf } from '../../tiling/stitch/copy-blocks.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import type { CopyData } from '../../tiling/work/copy.js';

/** Blocks of so little are copied in less time than a thread is asked in. */
const SMALL_BYTES = 64 << 10;

/** Whether a copy is better made where it is asked for. */
export function isSmallCopy({ copies }: CopyData): boolean {
  return spanOf(copies) <= SMALL_BYTES;
}

/** Copies blocks on the caller's thread. @throws output-failed */
export function copyHere({ target, copies }: CopyData): void {
  try {
    copyBlocks(target, copies);
  } catch (error) {
    throw outputFault(error, target);
  }
}
