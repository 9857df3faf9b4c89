import { closeSync, openSync, readSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Size } from '../geometry/rect.js';
import { makeFolder } from '../make-folder.js';
import {
  bandPoints,
  POINT_BYTES,
  type Pyramid,
  pyramidGrids,
  pyramidInfo,
  type StoredGrid,
} from '../operations/pyramid.js';
import type { DecimateValue } from '../work/decimate.js';
import { writeFully } from './copy-blocks.js';
import { HEADER_BYTES, scratchHeader } from './scratch-raster.js';

/** Values of a point. */
const VALUES = POINT_BYTES / 4;

/**
 * The file of a pyramid while bands of its finest grid arrive, in any order. It gets its name when it is whole. The
 * coarser grids are made of that, which is a few hundredths of the work.
 */
export class PyramidFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #grids: readonly StoredGrid[];
  readonly #rowBytes: number;
  readonly #bandPoints: number;

  constructor(path: string, image: Size, pyramid: Pyramid) {
    const info = pyramidInfo(image, pyramid);
    makeFolder(dirname(path));
    this.#path = path;
    this.#grids = pyramidGrids(image, pyramid);
    this.#rowBytes = info.width * POINT_BYTES;
    this.#bandPoints = bandPoints(pyramid);
    this.#fd = openSync(this.#unfinished, 'w+', 0o644);
    writeFully(this.#fd, scratchHeader(info), 0);
    // The last rows are short of the file's width, which readers expect whole.
    writeFully(this.#fd, new Uint8Array(this.#rowBytes), HEADER_BYTES + (info.height - 1) * this.#rowBytes);
  }

  get #unfinished(): string {
    return `${this.#path}.unfinished`;
  }

  /** Bands of the finest grid. */
  get bands(): number {
    return Math.ceil(this.#grids[0]!.rect.height / this.#bandPoints);
  }

  /** Stores a band of the finest grid. */
  add(band: number, { points }: DecimateValue): void {
    writeFully(this.#fd, points, HEADER_BYTES + band * this.#bandPoints * this.#rowBytes);
  }

  /** Once every band is there: the coarser grids, and the file's name. Yields after each row. */
  async *finish(): AsyncGenerator<void> {
    for (const [index, coarser] of this.#grids.slice(1).entries()) {
      const rows = new NarrowedRows(this.#grids[index]!, coarser, (row) => this.#read(this.#grids[index]!, row));
      for (let row = 0; row < coarser.rect.height; row++) {
        const made = rows.mean(row);
        const at = HEADER_BYTES + (coarser.row + row) * this.#rowBytes;
        writeFully(this.#fd, new Uint8Array(made.buffer), at);
        yield;
      }
    }
    this.close();
    renameSync(this.#unfinished, this.#path);
  }

  #read(grid: StoredGrid, row: number): Float32Array {
    const values = new Float32Array(grid.rect.width * VALUES);
    readSync(this.#fd, values, 0, values.byteLength, HEADER_BYTES + (grid.row + row) * this.#rowBytes);
    return values;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Rows of a grid, decimated along themselves when they are first asked for. */
class NarrowedRows {
  readonly #finer: StoredGrid;
  readonly #coarser: StoredGrid;
  readonly #read: (row: number) => Float32Array;
  readonly #kept = new Map<number, Float32Array>();

  constructor(finer: StoredGrid, coarser: StoredGrid, read: (row: number) => Float32Array) {
    this.#finer = finer;
    this.#coarser = coarser;
    this.#read = read;
  }

  /** A row of the coarser grid: (1 4 6 4 1)/16 over rows; those beyond the finer one count 0. */
  mean(row: number): Float32Array {
    const centre = 2 * (this.#coarser.rect.y + row) - this.#finer.rect.y;
    const [a, b, c, d, e] = [-2, -1, 0, 1, 2].map((k) => this.#narrowed(centre + k)) as Float32Array[];
    for (const known of this.#kept.keys()) if (known < centre) this.#kept.delete(known);
    return c!.map((value, i) => (a![i]! + e![i]! + 4 * (b![i]! + d![i]!) + 6 * value) / 16);
  }

  #narrowed(row: number): Float32Array {
    const known = this.#kept.get(row);
    if (known !== undefined) return known;
    const { width } = this.#coarser.rect;
    const narrowed = new Float32Array(width * VALUES);
    if (row >= 0 && row < this.#finer.rect.height) {
      const finer = this.#read(row);
      const at = (point: number, value: number) => finer[point * VALUES + value] ?? 0;
      for (let x = 0; x < width; x++) {
        const centre = 2 * (this.#coarser.rect.x + x) - this.#finer.rect.x;
        for (let value = 0; value < VALUES; value++) {
          const [a, b, c] = [at(centre - 2, value), at(centre - 1, value), at(centre, value)];
          narrowed[x * VALUES + value] = (a + at(centre + 2, value) + 4 * (b + at(centre + 1, value)) + 6 * c) / 16;
        }
      }
    }
    this.#kept.set(row, narrowed);
    return narrowed;
  }
}
