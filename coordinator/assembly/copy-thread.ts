import { type BlockCopies, copyBlocks } from '../../tiling/stitch/copy-blocks.js';

/** What one thread of the assembly does: copies its run of blocks. */
export default function run({ target, copies }: { target: string; copies: BlockCopies }): void {
  copyBlocks(target, copies);
}
