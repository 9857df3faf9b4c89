import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeFully } from '../../tiling/stitch/copy-blocks.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import type { SpillPlace } from '../../tiling/work/kind.js';

/**
 * Appends to one writer's spill file in a folder. Its name is the writer's, so no two share one; what a dead process
 * of the same name left stays valid.
 */
export class SpillWriter {
  readonly #file: string;
  readonly #fd: number;
  #offset: number;

  constructor(folder: string, writer: string) {
    this.#file = join(folder, `${writer}.raw`);
    // Not O_APPEND: what a failed write left behind is written over, so that offsets stay true.
    this.#fd = openSync(this.#file, constants.O_WRONLY | constants.O_CREAT, 0o644);
    this.#offset = fstatSync(this.#fd).size;
  }

  /**
   * Writes bytes; returns where they lie.
   * @throws output-failed with what the system said
   */
  append(bytes: Uint8Array): SpillPlace {
    const offset = this.#offset;
    try {
      writeFully(this.#fd, bytes, offset);
    } catch (error) {
      throw outputFault(error, this.#file);
    }
    this.#offset += bytes.length;
    return { file: this.#file, offset, crc: crc32(bytes) };
  }

  close(): void {
    closeSync(this.#fd);
  }
}
