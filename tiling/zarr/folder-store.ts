import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput } from '../errors.js';
import type { ByteRange } from '../places/opener.js';

/** More than any metadata or chunk that is read whole has. */
export const MAX_STORED_BYTES = 512 << 20;

/** A part of a file, as zarrita asks for it. */
export type StoredPart = { readonly offset: number; readonly length: number } | { readonly suffixLength: number };

/** The files of a Zarr hierarchy in a folder, as zarrita reads them: undefined where there is none of that key. */
export class FolderStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#read(key, (size) => ({ offset: 0, length: size }));
  }

  getRange(key: string, part: StoredPart): Promise<Uint8Array | undefined> {
    return this.#read(key, (size, path) => storedPart(part, size, path));
  }

  /** @throws bad-input for keys that lead out of the folder, and parts that are not there or too large to be held */
  async #read(key: string, partOf: (size: number, path: string) => ByteRange): Promise<Uint8Array | undefined> {
    const path = join(this.#folder, key);
    if (key.split('/').includes('..'))
      throw badInput({ what: `the key ${key}`, file: this.#folder, expected: 'no ..' });
    const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
      throw cause;
    });
    if (file === undefined) return undefined;
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return undefined;
      const { offset, length } = partOf(stat.size, path);
      if (length > MAX_STORED_BYTES)
        throw badInput({ what: `${length} bytes`, file: path, expected: `at most ${MAX_STORED_BYTES}` });
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0) throw badInput({ what: 'it was cut while it was read', file: path });
        done += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  }
}

/** Where a part lies in a file of `size` bytes. @throws bad-input where it is not all in there */
export function storedPart(part: StoredPart, size: number, file: string): ByteRange {
  if (!('offset' in part)) {
    const length = Math.min(size, part.suffixLength);
    return { offset: size - length, length };
  }
  if (part.offset + part.length <= size) return part;
  throw badInput({
    what: `a part of it lies past its end at byte ${size}`,
    file,
    expected: 'a whole file',
    remedy: 'the image is damaged: write it anew',
  });
}
