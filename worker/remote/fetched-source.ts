import type { CoordinatorClient } from '../../proto/client/calls.js';
import type { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import type { Rect } from '../../tiling/geometry/rect.js';
import type { BlockSource, CodecContext } from '../../tiling/raster/block-source.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { BlockLayout, RasterInfo } from '../../tiling/raster/raster-info.js';
import type { SourceRef } from '../../tiling/work/references.js';
import { BlockAssembler, streamParts } from './fetch-blocks.js';
import { withRetries } from './retry.js';

interface Awaited {
  readonly promise: Promise<Uint8Array>;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** The blocks of a raster that only the coordinator can open. */
export class FetchedSource implements BlockSource {
  readonly name: string;
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
  readonly codecContext: CodecContext;
  readonly readRaw?: (rect: Rect, into: Uint8Array, strideBytes: number) => Promise<number>;
  readonly #client: CoordinatorClient;
  /** What every request of this raster says. */
  readonly #request: halotile.v1.IFetchBlocksRequest;
  /** Blocks that were asked for and not read yet. */
  readonly #awaited = new Map<number, Awaited>();

  constructor(client: CoordinatorClient, { job, input, raster }: SourceRef & { kind: 'coordinator' }) {
    this.name = raster.name;
    this.info = raster.info;
    this.layout = raster.layout;
    this.codecContext = raster.codecContext;
    this.#client = client;
    this.#request = { key: job, task: input.task, input: input.position };
    if (raster.raw) this.readRaw = (rect, into, strideBytes) => this.#fetchRect(rect, into, strideBytes);
  }

  expect(indexes: readonly number[]): void {
    // What an earlier read expected and then found in the cache is not wanted any more.
    this.#awaited.clear();
    this.#fetch(indexes);
  }

  readBlock(index: number): Promise<Uint8Array> {
    if (!this.#awaited.has(index)) this.#fetch([index]);
    const { promise } = this.#awaited.get(index)!;
    this.#awaited.delete(index);
    return promise;
  }

  close(): void {
    this.#awaited.clear();
  }

  #fetch(indexes: readonly number[]): void {
    const missing = new Map<number, Awaited>();
    for (const index of indexes) {
      const awaited = newAwaited();
      missing.set(index, awaited);
      this.#awaited.set(index, awaited);
    }
    if (missing.size === 0) return;
    withRetries(async () => {
      const blocks = new BlockAssembler((index, bytes) => {
        missing.get(index)?.resolve(bytes);
        missing.delete(index);
      });
      const request = { ...this.#request, indexes: [...missing.keys()] };
      await streamParts(this.#client, request, (part) => blocks.add(part));
      if (missing.size > 0) throw incomplete(this.#client);
    }).catch((error: unknown) => {
      for (const awaited of missing.values()) awaited.reject(error);
    });
  }

  /** Rows go from the stream's messages to their place, no whole rect in between. */
  async #fetchRect(rect: Rect, into: Uint8Array, strideBytes: number): Promise<number> {
    const rowBytes = rect.width * this.info.channels * SAMPLE_BYTES[this.info.dtype];
    const total = rowBytes * rect.height;
    await withRetries(async () => {
      let position = 0;
      await streamParts(this.#client, { ...this.#request, rect }, ({ data }) => {
        for (let from = 0; from < data.length; ) {
          const inRow = position % rowBytes;
          const count = Math.min(rowBytes - inRow, data.length - from);
          const row = (position - inRow) / rowBytes;
          into.set(data.subarray(from, from + count), row * strideBytes + inRow);
          from += count;
          position += count;
        }
      });
      if (position !== total) throw incomplete(this.#client);
    });
    return total;
  }
}

function newAwaited(): Awaited {
  let resolve: (bytes: Uint8Array) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Uint8Array>((onBytes, onError) => {
    resolve = onBytes;
    reject = onError;
  });
  // A block that nobody reads after all fails silently.
  promise.catch(() => {});
  return { promise, resolve, reject };
}

/** A stream that ended well but short. */
function incomplete(client: CoordinatorClient): HalotileError {
  return new HalotileError('data-loss', { what: 'fewer bytes came than were asked for', where: client.address });
}
