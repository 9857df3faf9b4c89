import { badInput } from '../errors.js';
import { ColourTable } from './colour-table.js';

/** Unique colours that are counted exactly; one more, and all fall into cells of 6 bits a channel. */
export const EXACT_COLOURS = 2 ** 20;

const CELL_BITS = 6;
const CELLS = 2 ** (3 * CELL_BITS);
/** As many as there are colours, and more than there are places, so that colour and place fit one float64. */
const PLACES = 2 ** 24;
const MAGIC = 0x31435048; // "HPC1", little endian
const HEADER_BYTES = 16;
const EXACT_ENTRY_BYTES = 12;
const CELL_ENTRY_BYTES = 36;

/** One colour, or one cell of colours, with the pixels that have it. */
export interface CountedColour {
  /** Pixels. */
  readonly count: number;
  /** Sums of each channel over those pixels: integers, exact to 2^53. */
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

/**
 * How many pixels have which colour: a partial that merges in any order to the same counts. Exact to
 * {@link EXACT_COLOURS} unique colours; beyond that each cell of 6 bits a channel keeps its count and the
 * integer sums of its channels. Whether cells are used depends on the pixels alone (a union never has fewer
 * colours than its parts), so the order of pixels and merges leaves no trace.
 */
export class ColourCounts {
  readonly #exactColours: number;
  /** Colour to its place in `#colours`, or cell to its place in `#cells`. */
  readonly #table = new ColourTable();
  #colours = new Uint32Array(256);
  #counts = new Float64Array(256);
  /** Count and three sums per occupied cell, where cells are used. */
  #cells: Float64Array | undefined;
  #pixels = 0;

  /** `exactColours` below the default is for trying what happens beyond it. */
  constructor(exactColours: number = EXACT_COLOURS) {
    this.#exactColours = exactColours;
  }

  /** All pixels counted. */
  get pixels(): number {
    return this.#pixels;
  }

  /** Unique colours, or occupied cells where `cellBits` is 6. */
  get size(): number {
    return this.#table.size;
  }

  /** Bits a channel that colours are told apart by: 8 while counts are exact, then 6. */
  get cellBits(): 8 | 6 {
    return this.#cells === undefined ? 8 : CELL_BITS;
  }

  /** Counts the pixels of interleaved 8-bit RGBA whose alpha is not 0; returns how many those are. */
  addRgba(rgba: Uint8Array): number {
    const before = this.#pixels;
    let last = -1;
    let run = 0;
    for (let at = 0; at + 3 < rgba.length; at += 4) {
      if (rgba[at + 3] === 0) continue;
      const colour = (rgba[at]! << 16) | (rgba[at + 1]! << 8) | rgba[at + 2]!;
      if (colour === last) run++;
      else {
        if (run > 0) this.add(last, run);
        last = colour;
        run = 1;
      }
    }
    if (run > 0) this.add(last, run);
    return this.#pixels - before;
  }

  /** Counts `count` pixels of one colour 0xRRGGBB. */
  add(colour: number, count: number): void {
    this.#pixels += count;
    if (this.#cells !== undefined) {
      this.#addToCell(colour, count);
      return;
    }
    const place = this.#table.get(colour);
    if (place >= 0) {
      this.#counts[place]! += count;
      return;
    }
    const next = this.#table.size;
    if (next === this.#exactColours) {
      this.#useCells();
      this.#addToCell(colour, count);
      return;
    }
    if (next === this.#colours.length) {
      this.#colours = widened(this.#colours, new Uint32Array(next * 2));
      this.#counts = widened(this.#counts, new Float64Array(next * 2));
    }
    this.#table.add(colour, next);
    this.#colours[next] = colour;
    this.#counts[next] = count;
  }

  /** Adds another partial, which stays as it is. */
  merge(other: ColourCounts): void {
    if (other.#cells === undefined) {
      for (let place = 0; place < other.size; place++) this.add(other.#colours[place]!, other.#counts[place]!);
      return;
    }
    if (this.#cells === undefined) this.#useCells();
    for (let place = 0; place < other.size; place++) {
      const from = other.#cells.subarray(place * 4, place * 4 + 4);
      this.#sumCell(other.#colours[place]!, from[0]!, from[1]!, from[2]!, from[3]!);
    }
    this.#pixels += other.#pixels;
  }

  /** All colours or cells in ascending order of RGB: the same list for the same pixels. */
  entries(): CountedColour[] {
    const cells = this.#cells;
    return this.#sortedPlaces().map((place) => {
      if (cells === undefined) return countedColour(this.#colours[place]!, this.#counts[place]!);
      const at = place * 4;
      return { count: cells[at]!, red: cells[at + 1]!, green: cells[at + 2]!, blue: cells[at + 3]! };
    });
  }

  /**
   * The partial as bytes, equal for equal counts. Little endian: "HPC1", bits a channel and entries (uint32
   * each), 4 bytes of zero; then per entry in ascending order the colour or cell (uint32) and the count, with
   * cells also the three sums (float64 each, integers).
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    const entryBytes = this.#cells === undefined ? EXACT_ENTRY_BYTES : CELL_ENTRY_BYTES;
    const bytes = new Uint8Array(HEADER_BYTES + this.size * entryBytes);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, this.cellBits, true);
    view.setUint32(8, this.size, true);
    let at = HEADER_BYTES;
    for (const place of this.#sortedPlaces()) {
      view.setUint32(at, this.#colours[place]!, true);
      at += 4;
      const values = this.#cells?.subarray(place * 4, place * 4 + 4) ?? this.#counts.subarray(place, place + 1);
      for (const value of values) {
        view.setFloat64(at, value, true);
        at += 8;
      }
    }
    return bytes;
  }

  /**
   * The inverse of {@link toBytes}.
   * @throws HalotileError bad-input where the bytes are no partial
   */
  static fromBytes(bytes: Uint8Array, exactColours: number = EXACT_COLOURS): ColourCounts {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const cellBits = bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC ? 0 : view.getUint32(4, true);
    const entryBytes = cellBits === 8 ? EXACT_ENTRY_BYTES : CELL_ENTRY_BYTES;
    const size = cellBits === 0 ? 0 : view.getUint32(8, true);
    if ((cellBits !== 8 && cellBits !== CELL_BITS) || bytes.length !== HEADER_BYTES + size * entryBytes) {
      throw badInput({ what: `${bytes.length} bytes are no colour counts`, expected: 'a whole partial' });
    }
    const counts = new ColourCounts(exactColours);
    if (cellBits !== 8) counts.#useCells();
    for (let at = HEADER_BYTES; at < bytes.length; at += entryBytes) {
      const key = view.getUint32(at, true);
      const count = view.getFloat64(at + 4, true);
      if (key >= (cellBits === 8 ? PLACES : CELLS) || !(Number.isSafeInteger(count) && count > 0)) {
        throw badInput({
          what: `colour ${key} occurs ${count} times`,
          expected: 'a colour, and a whole number of pixels',
        });
      }
      if (cellBits === 8) counts.add(key, count);
      else {
        const sum = (channel: number) => view.getFloat64(at + 12 + channel * 8, true);
        counts.#sumCell(key, count, sum(0), sum(1), sum(2));
        counts.#pixels += count;
      }
    }
    return counts;
  }

  /** Places by ascending colour or cell; sorted as one number each, which typed arrays do fast. */
  #sortedPlaces(): number[] {
    const pairs = Float64Array.from({ length: this.size }, (_, place) => this.#colours[place]! * PLACES + place);
    return Array.from(pairs.sort(), (pair) => pair % PLACES);
  }

  #useCells(): void {
    const colours = this.#colours;
    const counts = this.#counts;
    const size = this.size;
    this.#table.clear();
    this.#colours = new Uint32Array(CELLS);
    this.#counts = new Float64Array(0);
    this.#cells = new Float64Array(CELLS * 4);
    for (let place = 0; place < size; place++) this.#addToCell(colours[place]!, counts[place]!);
  }

  #addToCell(colour: number, count: number): void {
    const red = colour >> 16;
    const green = (colour >> 8) & 255;
    const blue = colour & 255;
    const drop = 8 - CELL_BITS;
    const cell = ((red >> drop) << (2 * CELL_BITS)) | ((green >> drop) << CELL_BITS) | (blue >> drop);
    this.#sumCell(cell, count, red * count, green * count, blue * count);
  }

  #sumCell(cell: number, count: number, red: number, green: number, blue: number): void {
    let place = this.#table.get(cell);
    if (place < 0) {
      place = this.#table.size;
      this.#table.add(cell, place);
      this.#colours[place] = cell;
    }
    const cells = this.#cells!;
    cells[place * 4]! += count;
    cells[place * 4 + 1]! += red;
    cells[place * 4 + 2]! += green;
    cells[place * 4 + 3]! += blue;
  }
}

/** Whether a value is the bytes of counts. */
export function isColourCounts(value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array)) return false;
  try {
    ColourCounts.fromBytes(value);
    return true;
  } catch {
    return false;
  }
}

/** `count` pixels of one colour 0xRRGGBB. */
function countedColour(colour: number, count: number): CountedColour {
  return { count, red: (colour >> 16) * count, green: ((colour >> 8) & 255) * count, blue: (colour & 255) * count };
}

function widened<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
