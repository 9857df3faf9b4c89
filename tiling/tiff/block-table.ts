import { badInput } from '../errors.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import { blockBytes, maxBlockBytes } from '../raster/stored-block.js';
import { type Directory, type Entry, INTEGER_READERS } from './directory.js';
import { pastTheEnd, readBytes } from './random-bytes.js';
import { FIELD_TYPES, tagName } from './tags.js';

/** Where the encoded bytes of one block lie; a length of 0 is a sparse block that was never written. */
export interface BlockPlace {
  readonly offset: number;
  readonly length: number;
}

/** Finds blocks by number. */
export interface BlockPlaces {
  readonly count: number;
  /** @throws bad-input where the block does not lie in the file, named with its number */
  place(index: number): BlockPlace;
}

const PAGE = 4096;
/** 64 pages of 4096 blocks hold 4 MiB of places, enough for one band of any image. */
const MAX_PAGES = 64;

/**
 * The offsets and lengths of a raster's blocks, read in pages when asked for: a file of a few hundred
 * gigapixels has a million of them.
 */
export class BlockTable implements BlockPlaces {
  readonly count: number;
  readonly #directory: Directory;
  readonly #offsets: Entry;
  /** Absent in old files; see {@link BlockTable.place}. */
  readonly #lengths: Entry | undefined;
  readonly #isSoleRaw: boolean;
  readonly #rawLength: ((index: number) => number) | undefined;
  readonly #pages = new Map<number, { readonly offsets: Float64Array; readonly lengths: Float64Array }>();

  /**
   * @param rawLength the bytes that block `index` has in an uncompressed file; undefined in a compressed one
   * @throws bad-input where the arrays are missing, too short or of no integer type
   */
  constructor(
    directory: Directory,
    tags: { readonly offsets: number; readonly lengths: number },
    count: number,
    rawLength: ((index: number) => number) | undefined,
  ) {
    this.#isSoleRaw = rawLength !== undefined && count === 1;
    this.count = count;
    this.#directory = directory;
    this.#offsets = arrayEntry(directory, tags.offsets, count)!;
    this.#lengths = arrayEntry(directory, tags.lengths, count);
    this.#rawLength = rawLength;
  }

  /**
   * A block with an offset and without a length is no sparse one: some writers leave lengths out. As in libtiff, an
   * uncompressed one has its full length, a compressed one reaches to the next block or to the end of the file, and its
   * codec knows where to stop. The length of the only block of an uncompressed image follows from the image where what
   * is written reaches past the end of the file.
   * @throws bad-input where the block does not lie in the file, named with its number
   */
  place(index: number): BlockPlace {
    const number = Math.floor(index / PAGE);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = this.#loadPage(number);
      if (this.#pages.size >= MAX_PAGES) this.#pages.clear();
      this.#pages.set(number, page);
    }
    const at = index - number * PAGE;
    const offset = page.offsets[at]!;
    const length = page.lengths[at]!;
    const file = this.#directory.file;
    if (length > 0 && offset + length > file.size) throw pastTheEnd(file, offset, length, `block ${index}`);
    if (length > 0 && offset === 0) {
      throw badInput({
        what: `block ${index} has ${length} bytes but no offset`,
        ...this.#directory.place,
        remedy: 'the file is damaged',
      });
    }
    return { offset, length };
  }

  #loadPage(number: number) {
    const first = number * PAGE;
    const count = Math.min(PAGE, this.count - first);
    const offsets = readColumn(this.#directory, this.#offsets, first, count);
    const lengths =
      this.#lengths === undefined ? new Float64Array(count) : readColumn(this.#directory, this.#lengths, first, count);
    if (this.#isSoleRaw && this.#isImpossible(offsets[0]!, lengths[0]!)) lengths[0] = 0;
    for (let i = 0; i < count; i++) {
      if (lengths[i] === 0 && offsets[i] !== 0)
        lengths[i] = this.#missingLength(first + i, offsets[i]!, offsets[i + 1]);
    }
    return { offsets, lengths };
  }

  /** Of a block that is raw; only where its pixels lie in the file nevertheless. */
  #isImpossible(offset: number, length: number): boolean {
    const { size } = this.#directory.file;
    const whole = this.#rawLength!(0);
    return length > whole && offset + length > size && offset + whole <= size;
  }

  #missingLength(index: number, offset: number, next: number | undefined): number {
    if (this.#rawLength !== undefined) return this.#rawLength(index);
    const { size } = this.#directory.file;
    return next !== undefined && next > offset && next <= size ? next - offset : Math.max(1, size - offset);
  }
}

function arrayEntry(directory: Directory, tag: number, count: number): Entry | undefined {
  const entry = directory.entry(tag);
  if (entry === undefined) return undefined;
  if (INTEGER_READERS[entry.type] === undefined) {
    throw badInput({
      what: `${tagName(tag)} has field type ${entry.type}`,
      ...directory.place,
      expected: 'SHORT, LONG or LONG8',
    });
  }
  if (entry.count < count) {
    throw badInput({
      what: `${tagName(tag)} has ${entry.count} values`,
      ...directory.place,
      expected: `${count}, one for each block of the image`,
      remedy: 'the file is damaged or was never finished',
    });
  }
  return entry;
}

function readColumn(directory: Directory, entry: Entry, first: number, count: number): Float64Array {
  const size = FIELD_TYPES[entry.type]!.bytes;
  const bytes = readBytes(directory.file, entry.offset + first * size, count * size, tagName(entry.tag));
  const view = new DataView(bytes.buffer);
  const read = INTEGER_READERS[entry.type]!;
  const column = new Float64Array(count);
  for (let i = 0; i < count; i++) column[i] = read(view, i * size, directory.littleEndian);
  return column;
}

const SPLIT_BYTES = 1 << 20;

/**
 * Many writers put a whole uncompressed image or plane into one strip. Rows of such a strip are read without
 * decoding anything, so it counts as strips of about a mebibyte.
 */
export function splitStrips(
  info: RasterInfo,
  layout: BlockLayout,
  blocks: BlockPlaces,
): { layout: BlockLayout; blocks: BlockPlaces } {
  const whole = maxBlockBytes(info, layout);
  if (
    layout.codec !== 'none' ||
    !layout.striped ||
    layout.down !== 1 ||
    layout.stored ||
    layout.chroma ||
    whole <= SPLIT_BYTES
  )
    return { layout, blocks };
  const rowBytes = whole / layout.blockHeight;
  const blockHeight = Math.max(1, Math.floor(SPLIT_BYTES / rowBytes));
  const down = Math.ceil(info.height / blockHeight);
  const split: BlockLayout = { ...layout, blockHeight, down };
  const place = (index: number): BlockPlace => {
    const plane = Math.floor(index / down);
    const strip = blocks.place(plane);
    if (strip.length === 0) return strip;
    if (strip.length < whole) {
      throw badInput({
        what: `strip ${plane} has ${strip.length} bytes`,
        expected: `${whole}`,
        remedy: 'the file is truncated',
      });
    }
    const offset = strip.offset + (index - plane * down) * blockHeight * rowBytes;
    return { offset, length: blockBytes(info, split, index) };
  };
  return { layout: split, blocks: { count: down * blocks.count, place } };
}
