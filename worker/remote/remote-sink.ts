import type { BlockSink } from '../tile/block-sink.js';

/** Holds the encoded blocks of one task until they are handed to the coordinator with its result. */
export class RemoteSink implements BlockSink {
  /** Not a file: the coordinator puts the bytes into one of its own. */
  readonly part = 'inline';
  #blocks: Uint8Array[] = [];
  #end = 0;

  begin(): void {
    this.#blocks = [];
    this.#end = 0;
  }

  put(_block: { level: number; index: number }, bytes: Uint8Array): number {
    // The bytes may lie in memory that the next block overwrites.
    this.#blocks.push(bytes.slice());
    this.#end += bytes.length;
    return this.#end - bytes.length;
  }

  settle(): void {}

  taken(): readonly Uint8Array[] {
    const blocks = this.#blocks;
    this.begin();
    return blocks;
  }

  close(): void {
    this.begin();
  }
}
