import { badInput, type ErrorPlace } from '../errors.js';
import { numbersOf } from '../raster/carried/tag-numbers.js';
import type { CarriedTag } from '../raster/raster-info.js';
import { type RandomBytes, readBytes } from './random-bytes.js';
import { CARRIED_TAGS, FIELD_TYPES, tagName } from './tags.js';

/** A tag of a directory whose values are known to lie in the file. */
export interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Where the values lie in the file; small ones lie inside the directory. */
  readonly offset: number;
  readonly byteLength: number;
}

/** Values beyond this are never small metadata; block arrays are read in pages instead. */
const MAX_TAG_BYTES = 64 << 20;

/** One image file directory: its tags, checked on the way in, read when asked for. */
export class Directory {
  readonly file: RandomBytes;
  readonly index: number;
  readonly littleEndian: boolean;
  /** Where the directory itself lies, and the first byte after it. */
  readonly offset: number;
  readonly end: number;
  /** Of images that lie behind one another under one directory, which of them, from 0: see `stackedPlanes`. */
  readonly plane: number;
  readonly #entries: ReadonlyMap<number, Entry>;

  constructor(
    file: RandomBytes,
    place: { readonly index: number; readonly offset: number; readonly end: number; readonly littleEndian: boolean },
    entries: ReadonlyMap<number, Entry>,
    plane = 0,
  ) {
    this.file = file;
    this.index = place.index;
    this.offset = place.offset;
    this.end = place.end;
    this.littleEndian = place.littleEndian;
    this.#entries = entries;
    this.plane = plane;
  }

  /** The same directory as that of image `plane` of those that lie behind one another. */
  atPlane(plane: number): Directory {
    return new Directory(this.file, { ...this, index: plane }, this.#entries, plane);
  }

  /** How messages name it. */
  get place(): ErrorPlace {
    return { file: this.file.name, where: `: image directory ${this.index}` };
  }

  has(tag: number): boolean {
    return this.#entries.has(tag);
  }

  entry(tag: number): Entry | undefined {
    return this.#entries.get(tag);
  }

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** The integers of a tag, at most `limit`; empty where it is absent. */
  integers(tag: number, limit: number): number[] {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return [];
    if (entry.count > limit) {
      throw this.#bad(`${tagName(tag)} has ${entry.count} values`, `at most ${limit}`);
    }
    const read = INTEGER_READERS[entry.type];
    if (read === undefined) throw this.#bad(`${tagName(tag)} has field type ${entry.type}`, 'an integer type');
    const bytes = readBytes(this.file, entry.offset, entry.byteLength, tagName(tag));
    const view = new DataView(bytes.buffer);
    const size = FIELD_TYPES[entry.type]!.bytes;
    return Array.from({ length: entry.count }, (_, i) => read(view, i * size, this.littleEndian));
  }

  /** The first integer of a tag, `fallback` where it is absent. */
  integer(tag: number, fallback: number): number {
    return this.integers(tag, 65536)[0] ?? fallback;
  }

  /** The first integer of a tag that must be there. */
  required(tag: number): number {
    const value = this.integers(tag, 65536)[0];
    if (value === undefined) throw this.#bad(`${tagName(tag)} is missing`, 'a complete TIFF directory');
    return value;
  }

  /** The bytes of a tag as they lie in the file. */
  bytes(tag: number): Uint8Array | undefined {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return undefined;
    if (entry.byteLength > MAX_TAG_BYTES) {
      throw this.#bad(`${tagName(tag)} holds ${entry.byteLength} bytes`, `at most ${MAX_TAG_BYTES}`);
    }
    return readBytes(this.file, entry.offset, entry.byteLength, tagName(tag));
  }

  /** The text of an ASCII tag up to its first NUL. */
  text(tag: number): string | undefined {
    const bytes = this.bytes(tag);
    if (bytes === undefined) return undefined;
    const end = bytes.indexOf(0);
    return new TextDecoder('latin1').decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** The tags that travel to the output, their values in little-endian order. */
  carried(): CarriedTag[] {
    return CARRIED_TAGS.flatMap((tag) => this.#valuesOf(tag) ?? []);
  }

  /** The numbers of a tag of any field type; none where it is absent. */
  numbers(tag: number): number[] {
    const values = this.#valuesOf(tag);
    return values === undefined ? [] : numbersOf(values);
  }

  /** The values of a tag in little-endian order. */
  #valuesOf(tag: number): CarriedTag | undefined {
    const entry = this.#entries.get(tag);
    const bytes = this.bytes(tag);
    if (entry === undefined || bytes === undefined) return undefined;
    if (!this.littleEndian) reverseUnits(bytes, FIELD_TYPES[entry.type]!.unit);
    return { tag, type: entry.type, count: entry.count, bytes };
  }

  #bad(what: string, expected: string) {
    return badInput({ what, ...this.place, expected, remedy: 'the file is damaged or no TIFF image' });
  }
}

type IntegerReader = (view: DataView, offset: number, littleEndian: boolean) => number;

/** By field type; 64-bit values beyond 2^53 come out inexact, larger than any file and so refused by bounds. */
export const INTEGER_READERS: Readonly<Record<number, IntegerReader>> = {
  1: (view, offset) => view.getUint8(offset),
  3: (view, offset, little) => view.getUint16(offset, little),
  4: (view, offset, little) => view.getUint32(offset, little),
  13: (view, offset, little) => view.getUint32(offset, little),
  16: (view, offset, little) => Number(view.getBigUint64(offset, little)),
  18: (view, offset, little) => Number(view.getBigUint64(offset, little)),
};

/** Reverses each unit of `unit` bytes in place. */
export function reverseUnits(bytes: Uint8Array, unit: number): void {
  if (unit === 1) return;
  for (let start = 0; start + unit <= bytes.length; start += unit) {
    for (let low = start, high = start + unit - 1; low < high; low++, high--) {
      const kept = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = kept;
    }
  }
}
