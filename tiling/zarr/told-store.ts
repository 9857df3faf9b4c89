import { halfBits } from '../codecs/stored-samples.js';
import type { FolderStore, StoredPart } from './folder-store.js';
import type { ObjectStore } from './object-store.js';

/** Metadata of an array, as far as it is looked at. */
interface ArrayDescription {
  data_type?: unknown;
  dtype?: unknown;
  fill_value?: unknown;
  readonly codecs?: readonly {
    readonly name?: string;
    readonly configuration?: { readonly index_location?: string };
  }[];
}

/**
 * A hierarchy as zarrita is told of it, which reads neither booleans by number nor halves, and looks for a shard's index at
 * its end alone: booleans are told as uint8, 0 and 1, and halves as the 16 bits that they are.
 */
export class ToldStore {
  readonly #store: FolderStore | ObjectStore;
  readonly #halves = new Set<string>();
  readonly #indexFirst = new Set<string>();

  constructor(store: FolderStore | ObjectStore) {
    this.#store = store;
  }

  /** Whether the samples of an array, by its path, are halves. */
  holdsHalves(array: string): boolean {
    return this.#halves.has(folderOf(`${array}/`));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#store.get(key);
    return bytes !== undefined && /\/(?:zarr\.json|\.zarray)$/.test(key) ? this.#told(bytes, folderOf(key)) : bytes;
  }

  getRange(key: string, part: StoredPart): Promise<Uint8Array | undefined> {
    // zarrita asks so for indexes, and for nothing else.
    const isFirst = 'suffixLength' in part && [...this.#indexFirst].some((array) => key.startsWith(array));
    return this.#store.getRange(key, isFirst ? { offset: 0, length: part.suffixLength } : part);
  }

  #told(bytes: Uint8Array, folder: string): Uint8Array {
    const text = new TextDecoder().decode(bytes);
    if (!/float16|f2"|bool|b1"|index_location/.test(text)) return bytes;
    const array = JSON.parse(text) as ArrayDescription;
    if (array.codecs?.some(({ configuration }) => configuration?.index_location === 'start'))
      this.#indexFirst.add(folder);
    const type = array.data_type ?? array.dtype;
    const isHalf = type === 'float16' || type === '<f2' || type === '>f2';
    if (!isHalf && type !== 'bool' && type !== '|b1') return bytes;
    if (isHalf) this.#halves.add(folder);
    if (array.data_type !== undefined) array.data_type = isHalf ? 'uint16' : 'uint8';
    else array.dtype = isHalf ? String(type).replace('f', 'u') : '|u1';
    if (array.fill_value != null) array.fill_value = isHalf ? bitsOf(array.fill_value) : Number(array.fill_value);
    return new TextEncoder().encode(JSON.stringify(array));
  }
}

/** With the slash. */
function folderOf(key: string): string {
  return key.replace(/\/+/g, '/').replace(/[^/]*$/, '');
}

/** The bits of the half that is a fill value: a number, the name of one that is none, or its bits in hexadecimal. */
function bitsOf(fill: unknown): number {
  if (typeof fill === 'string' && /^0x/i.test(fill)) return Number(fill);
  return halfBits(Number(fill));
}
