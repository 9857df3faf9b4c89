import { type ErrorRecord, toErrorRecord } from '../../tiling/errors.js';
import { type BlockCopies, copyBlocks } from '../../tiling/stitch/copy-blocks.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';

/**
 * What one thread of the assembly does: copies its run of blocks. An error comes back as data, since a thrown one
 * would lose its class on the way.
 */
export default function run({ target, copies }: { target: string; copies: BlockCopies }): ErrorRecord | undefined {
  try {
    copyBlocks(target, copies);
    return undefined;
  } catch (error) {
    return toErrorRecord(outputFault(error, target), 'output-failed', target);
  }
}
