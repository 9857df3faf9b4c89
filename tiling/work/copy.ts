import type { WorkKind } from './kind.js';

/** A run of blocks to copy from part files into the output, as columns so that it crosses threads cheaply. */
export interface BlockCopies {
  readonly parts: readonly string[];
  /** Index into `parts`. */
  readonly partOf: Uint32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly lengths: Uint32Array;
  /** CRC-32 of each block, checked on the way. */
  readonly crcs: Uint32Array;
}

/** Blocks to be copied from part files to their places in an output. */
export interface CopyData {
  readonly target: string;
  readonly copies: BlockCopies;
}

/** Puts a run of blocks into an output: the output is put together where the job is run. */
export const copy: WorkKind<CopyData, null> = {
  memoryBytes: ({ copies }) => copies.lengths.length * 24,
  stays: true,
};
