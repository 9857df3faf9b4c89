import { closeSync, openSync, readSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../make-folder.js';
import { type Corners, cornerTable, cornerTableInfo } from '../operations/corners.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { SumValue } from '../work/sum.js';
import { writeFully } from './copy-blocks.js';

/** Bytes before the pixels: header, directory, and bits and kinds of each channel. */
const HEADER_BYTES = 4096;

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
    this.#lanes = corners.lanes;
    this.#columns = image.width + 1;
    this.#rowBytes = info.width * info.channels;
    this.#rows = cornerTable(image, corners.cellSide).rows;
    this.#fd = openSync(this.#unfinished, 'w+', 0o644);
    writeFully(this.#fd, headerOf(info), 0);
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

/** A BigTIFF of one strip. */
function headerOf({ width, height, channels }: RasterInfo): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const tags: readonly (readonly [tag: number, type: 3 | 16, values: readonly number[]])[] = [
    [256, 16, [width]],
    [257, 16, [height]],
    [258, 3, new Array<number>(channels).fill(8)],
    [259, 3, [1]],
    [262, 3, [1]],
    [273, 16, [HEADER_BYTES]],
    [277, 3, [channels]],
    [278, 16, [height]],
    [279, 16, [width * channels * height]],
    [284, 3, [1]],
    [338, 3, new Array<number>(channels - 1).fill(0)],
  ];
  bytes.set([0x49, 0x49, 43, 0, 8, 0, 0, 0, 16]);
  view.setBigUint64(16, BigInt(tags.length), true);
  let entry = 24;
  let beyond = entry + tags.length * 20 + 8;
  for (const [tag, type, values] of tags) {
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, type, true);
    view.setBigUint64(entry + 4, BigInt(values.length), true);
    const size = type === 3 ? 2 : 8;
    const inline = values.length * size <= 8;
    if (!inline) view.setBigUint64(entry + 12, BigInt(beyond), true);
    let at = inline ? entry + 12 : beyond;
    for (const value of values) {
      if (type === 3) view.setUint16(at, value, true);
      else view.setBigUint64(at, BigInt(value), true);
      at += size;
    }
    if (!inline) beyond = Math.ceil(at / 8) * 8;
    entry += 20;
  }
  return bytes;
}
