import { pastTheEnd } from '../tiff/random-bytes.js';
import type { ChunkStore } from './chunk-store.js';
import type { ByteRange, RemoteBytes } from './opener.js';

/** Chunks that are asked for ahead of the one that is read. */
const CHUNKS_AHEAD = 32;

/** An object whose chunks a store fetches. */
export function storeBytes(
  store: ChunkStore,
  { name, size, file }: { readonly name: string; readonly size: number; readonly file: number },
): RemoteBytes {
  const { chunkBytes } = store;
  let expected: readonly number[] = [];
  /** How many of them were asked for. */
  let asked = 0;
  const askAhead = () => {
    asked += store.want(file, expected.slice(asked, asked + CHUNKS_AHEAD));
  };
  const expect = (ranges: Iterable<ByteRange>) => {
    expected = chunksOf(ranges, chunkBytes);
    asked = 0;
    askAhead();
  };
  const bytes: RemoteBytes = {
    name,
    size,
    readInto(into, offset, what) {
      if (offset + into.length > size) throw pastTheEnd(bytes, offset, into.length, what);
      if (into.length > chunkBytes && asked === expected.length) expect([{ offset, length: into.length }]);
      for (let done = 0; done < into.length; ) {
        const at = offset + done;
        const chunk = Math.floor(at / chunkBytes);
        const inChunk = at - chunk * chunkBytes;
        const count = Math.min(chunkBytes - inChunk, into.length - done);
        if (asked < expected.length && chunk >= expected[Math.max(0, asked - CHUNKS_AHEAD / 2)]!) askAhead();
        store.take(file, chunk, (held) => into.set(held.subarray(inChunk, inChunk + count), done));
        done += count;
      }
    },
    expect,
    close() {},
  };
  return bytes;
}

/** The chunks in which ranges lie, each once, in the order of the object. */
function chunksOf(ranges: Iterable<ByteRange>, chunkBytes: number): number[] {
  const chunks = new Set<number>();
  for (const { offset, length } of ranges) {
    if (length === 0) continue;
    const last = Math.floor((offset + length - 1) / chunkBytes);
    for (let chunk = Math.floor(offset / chunkBytes); chunk <= last; chunk++) chunks.add(chunk);
  }
  return [...chunks].sort((a, b) => a - b);
}
