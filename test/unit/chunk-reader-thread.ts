import { parentPort, workerData } from 'node:worker_threads';
import { ChunkStore } from '../../tiling/places/chunk-store.js';
import { storeBytes } from '../../tiling/places/store-bytes.js';

/** What a reader is started with. */
export interface ChunkReaderData {
  readonly store: SharedArrayBuffer;
  readonly size: number;
  /** Pieces of the object, read in this order; the object's byte at `i` is `i * 7`, cut to 8 bits. */
  readonly pieces: readonly { readonly offset: number; readonly length: number }[];
}

const { store, size, pieces } = workerData as ChunkReaderData;
const object = storeBytes(new ChunkStore(store), { name: 'object', size, file: 3 });
const wrong: string[] = [];
for (const { offset, length } of pieces) {
  const bytes = new Uint8Array(length);
  object.expect([{ offset, length }]);
  try {
    object.readInto(bytes, offset, 'a piece');
    if (bytes.some((byte, i) => byte !== (((offset + i) * 7) & 255))) wrong.push(`${length} bytes at ${offset}`);
  } catch (error) {
    wrong.push((error as Error).message);
  }
}
parentPort!.postMessage(wrong);
