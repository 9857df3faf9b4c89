import { badInput, HalotileError } from '../errors.js';
import { places } from '../places/opener.js';
import { belowUrl } from '../places/url.js';
import { MAX_STORED_BYTES, type StoredPart, storedPart } from './folder-store.js';
import { ZARR_FILES } from './zarr-folder.js';

/**
 * The objects of a Zarr hierarchy below a URL, as zarrita reads them. Others are fetched meanwhile, so that whoever asks
 * for many chunks at once waits for one.
 */
export class ObjectStore {
  readonly #url: string;
  readonly #sizes = new Map<string, Promise<number | undefined>>();
  /** Stores that may not be listed refuse what is not there. */
  refusal: HalotileError | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const name = key.slice(key.lastIndexOf('/') + 1);
    try {
      return await places().fetch(belowUrl(this.#url, checked(key)), { maxBytes: MAX_STORED_BYTES });
    } catch (error) {
      const isDescription = (ZARR_FILES as readonly string[]).includes(name);
      if (!isDescription || !(error instanceof HalotileError) || error.tag !== 'not-allowed') throw error;
      this.refusal = error;
      return undefined;
    }
  }

  async getRange(key: string, part: StoredPart): Promise<Uint8Array | undefined> {
    const url = belowUrl(this.#url, checked(key));
    // An index is asked for from the end: its shard's length is asked for once.
    let size = this.#sizes.get(key);
    if (size === undefined) {
      size = places().size(url);
      this.#sizes.set(key, size);
    }
    const bytes = await size;
    if (bytes === undefined) return undefined;
    return places().fetch(url, { part: storedPart(part, bytes, url), maxBytes: MAX_STORED_BYTES });
  }
}

function checked(key: string): string {
  if (!key.split('/').includes('..')) return key;
  throw badInput({ what: `the key ${key}`, where: 'a Zarr hierarchy', expected: 'no ..' });
}
