import { closeSync, openSync, readSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../make-folder.js';
import { type Corners, cornerTable, cornerTableInfo } from '../operations/corners.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { SumValue } from '../work/sum.js';
import { writeFully } from './copy-blocks.js';
import { HEADER_BYTES, scratchHeader } from './scratch-raster.js';

/**
 * The file of a summed-area table while its rows arrive, in any order: a raster of one strip. It gets its name when it
 * is whole. Rows are written as they come, so that no table is ever held in memory.
 */
export class CornerTableFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #lanes: number;
  readonly #columns: number;
  readonly #rowBytes: number;
  readonly #rows: number;

  constructor(path: string, image: Pick<RasterInfo, 'width' | 'height'>, corners: Corners) {
    const info = cornerTableInfo(image, corners);
    makeFolder(dirname(path));
    this.#path = path;
    this.#lanes = corners.layout.lanes;
    this.#columns = image.width + 1;
    this.#rowBytes = info.width * info.channels;
    this.#rows = cornerTable(image, corners.cellSide).rows;
    this.#fd = openSync(this.#unfinished, 'w+', 0o644);
    writeFully(this.#fd, scratchHeader(info), 0);
  }

  get #unfinished(): string {
    return `${this.#path}.unfinished`;
  }

  /** Stores what a row of cells adds. */
  add(row: number, { columns, edges }: SumValue): void {
    const at = HEADER_BYTES + row * this.#rowBytes;
    writeFully(this.#fd, columns, at);
    writeFully(this.#fd, edges, at + columns.length);
  }

  /** Once every row is there: the sums of all rows above each, and the file's name. Yields after each row. */
  async *finish(): AsyncGenerator<void> {
    const above = new Float64Array(this.#columns * this.#lanes);
    const own = new Float64Array(above.length);
    for (let row = 0; row < this.#rows; row++) {
      const at = HEADER_BYTES + row * this.#rowBytes;
      readSync(this.#fd, own, 0, own.byteLength, at);
      writeFully(this.#fd, new Uint8Array(above.buffer), at);
      for (let i = 0; i < own.length; i++) above[i]! += own[i]!;
      yield;
    }
    this.close();
    renameSync(this.#unfinished, this.#path);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
