import { decodeBlock } from '../codecs/decode-block.js';
import { cellRect, cellsTouching, type Grid, gridOf } from '../geometry/grid.js';
import { intersect, type Rect } from '../geometry/rect.js';
import type { BlockSource } from '../raster/block-source.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import { blocksTouching } from '../raster/stored-block.js';
import type { SharedBlockCache } from './block-cache.js';

/** What one read cost. */
export interface ReadCounts {
  /** Bytes read from storage, encoded. */
  bytesRead: number;
  blocksDecoded: number;
  /** Blocks that the cache had. */
  blocksCached: number;
  readSeconds: number;
  decodeSeconds: number;
}

/** Copies rects of a raster into memory that the caller owns, whatever the layout of the file. */
export class RasterReader {
  readonly source: BlockSource;
  readonly #cache: SharedBlockCache | null;
  readonly #nowMs: () => number;
  readonly #grid: Grid;

  /**
   * @param cache decoded blocks, shared by threads, whose slots hold the source's largest block; null decodes
   *   every block anew
   * @param nowMs milliseconds, for the seconds of {@link ReadCounts}
   */
  constructor(source: BlockSource, cache: SharedBlockCache | null, nowMs: () => number) {
    this.source = source;
    this.#cache = cache;
    this.#nowMs = nowMs;
    const { blockWidth, blockHeight } = source.layout;
    this.#grid = gridOf(source.info, { width: blockWidth, height: blockHeight });
  }

  /**
   * Fills `into` with the samples of `rect`, which lies in the image: interleaved, in the machine's byte order,
   * rows `strideBytes` apart. `into` may be a view of a WebAssembly memory that does not grow meanwhile.
   * Gives no promise where samples are read raw from a file.
   * @throws bad-input for a damaged block; what was written by then is undefined
   */
  read(rect: Rect, into: Uint8Array, strideBytes: number): ReadCounts | Promise<ReadCounts> {
    if (this.source.readRaw === undefined) return this.#readBlocks(rect, into, strideBytes);
    const start = this.#nowMs();
    const counted = (bytesRead: number) => {
      const readSeconds = (this.#nowMs() - start) / 1000;
      return { bytesRead, blocksDecoded: 0, blocksCached: 0, readSeconds, decodeSeconds: 0 };
    };
    const read = this.source.readRaw(rect, into, strideBytes);
    return read instanceof Promise ? read.then(counted) : counted(read);
  }

  async #readBlocks(rect: Rect, into: Uint8Array, strideBytes: number): Promise<ReadCounts> {
    const counts: ReadCounts = { bytesRead: 0, blocksDecoded: 0, blocksCached: 0, readSeconds: 0, decodeSeconds: 0 };
    const { info, layout } = this.source;
    const planes = layout.planar ? info.channels : 1;
    const cells = cellsTouching(this.#grid, rect);
    if (this.source.expect !== undefined) {
      this.source.expect(blocksTouching(info, layout, rect).filter((index) => this.#cache?.holds(index) !== true));
    }
    for (const cell of cells) {
      for (let plane = 0; plane < planes; plane++) {
        const index = plane * layout.across * layout.down + cell;
        const lease = this.#cache?.acquire(index) ?? null;
        if (lease === null) {
          this.#copy(await this.#load(index, counts), cell, plane, rect, into, strideBytes);
          continue;
        }
        // What cannot be filled is given up, and with it the pin.
        if (lease.mustLoad) await this.#fill(lease.index, lease.slot, index, counts);
        else counts.blocksCached++;
        try {
          this.#copy(lease.slot, cell, plane, rect, into, strideBytes);
        } finally {
          this.#cache!.release(lease.index);
        }
      }
    }
    return counts;
  }

  async #fill(slotIndex: number, slot: Uint8Array, block: number, counts: ReadCounts): Promise<void> {
    try {
      const decoded = this.#load(block, counts);
      slot.set(decoded instanceof Promise ? await decoded : decoded);
    } catch (error) {
      this.#cache!.abandon(slotIndex);
      throw error;
    }
    this.#cache!.publish(slotIndex);
  }

  /** Reads and decodes one block; stays within this turn where source and codec do. */
  #load(block: number, counts: ReadCounts): Uint8Array | Promise<Uint8Array> {
    const start = this.#nowMs();
    const encoded = this.source.readBlock(block);
    if (encoded instanceof Promise) return encoded.then((bytes) => this.#decode(bytes, block, start, counts));
    return this.#decode(encoded, block, start, counts);
  }

  #decode(encoded: Uint8Array, block: number, start: number, counts: ReadCounts): Uint8Array | Promise<Uint8Array> {
    const { layout, codecContext, info, name } = this.source;
    const read = this.#nowMs();
    counts.readSeconds += (read - start) / 1000;
    counts.bytesRead += encoded.length;
    counts.blocksDecoded++;
    const decoded = decodeBlock(encoded, layout, codecContext, info, { file: name, block });
    const done = (bytes: Uint8Array) => {
      counts.decodeSeconds += (this.#nowMs() - read) / 1000;
      return bytes;
    };
    return decoded instanceof Promise ? decoded.then(done) : done(decoded);
  }

  /** Copies the part of a decoded block that lies in `rect`. */
  #copy(block: Uint8Array, cell: number, plane: number, rect: Rect, into: Uint8Array, strideBytes: number): void {
    const { info, layout } = this.source;
    const held = cellRect(this.#grid, cell);
    const part = intersect(held, rect);
    const sampleBytes = SAMPLE_BYTES[info.dtype];
    const pixelBytes = info.channels * sampleBytes;
    const blockPixelBytes = layout.planar ? sampleBytes : pixelBytes;
    const blockStride = layout.blockWidth * blockPixelBytes;
    for (let y = part.y; y < part.y + part.height; y++) {
      const from = (y - held.y) * blockStride + (part.x - held.x) * blockPixelBytes;
      const to = (y - rect.y) * strideBytes + (part.x - rect.x) * pixelBytes;
      if (layout.planar && info.channels > 1) {
        interleave(block, from, into, to + plane * sampleBytes, { count: part.width, sampleBytes, pixelBytes });
      } else {
        into.set(block.subarray(from, from + part.width * blockPixelBytes), to);
      }
    }
  }
}

/** Spreads `count` samples of one channel over pixels of several. */
function interleave(
  from: Uint8Array,
  start: number,
  into: Uint8Array,
  at: number,
  {
    count,
    sampleBytes,
    pixelBytes,
  }: { readonly count: number; readonly sampleBytes: number; readonly pixelBytes: number },
): void {
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < sampleBytes; b++) into[at + i * pixelBytes + b] = from[start + i * sampleBytes + b]!;
  }
}
