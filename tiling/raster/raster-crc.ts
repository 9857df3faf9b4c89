import { crc32 } from 'node:zlib';
import type { Rect, Size } from '../geometry/rect.js';

/**
 * CRC-32 of an image in raster order, put together from rectangles that arrive in any order.
 *
 * CRC-32 without its initial and final inversion is linear over GF(2): the remainder of a message is the
 * exclusive or of the remainders of its pieces, each multiplied by x^(8 · bytes after the piece). So every
 * tile contributes one 32-bit term, terms combine by exclusive or, and the result does not depend on the
 * tiling. Source: the `crc32_combine` of zlib, here applied to row segments.
 */

/** The reflected polynomial of CRC-32 (ISO 3309). */
const POLYNOMIAL = 0xedb88320;
/** x^0 in the reflected representation. */
const ONE = 0x80000000;

/** Product of two polynomials modulo {@link POLYNOMIAL}. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= b;
    b = (b & 1) !== 0 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1;
  }
  return product >>> 0;
}

/** x^(8 · bytes); `bytes` may pass 2^32. */
function powerOfBytes(bytes: number): number {
  let square = 0x00800000; // x^8
  let power = ONE;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}

/** CRC-32 of two runs of bytes, one behind the other. */
export function combineCrc(first: number, second: number, secondBytes: number): number {
  return (multiply(first, powerOfBytes(secondBytes)) ^ second) >>> 0;
}

/** Multiplication by a fixed polynomial through four tables of 256 entries. */
function multiplierTable(factor: number): Uint32Array {
  const table = new Uint32Array(4 * 256);
  for (let byte = 0; byte < 4; byte++) {
    for (let value = 0; value < 256; value++) table[byte * 256 + value] = multiply(value << (8 * byte), factor);
  }
  return table;
}

function times(table: Uint32Array, value: number): number {
  return (
    table[value & 255]! ^
    table[256 + ((value >>> 8) & 255)]! ^
    table[512 + ((value >>> 16) & 255)]! ^
    table[768 + (value >>> 24)]!
  );
}

function remainder(bytes: Uint8Array): number {
  return crc32(bytes, 0xffffffff) ^ 0xffffffff;
}

/** The CRC-32 of a message of `length` bytes with this remainder. */
function finished(rest: number, length: number): number {
  return (rest ^ multiply(0xffffffff, powerOfBytes(length)) ^ 0xffffffff) >>> 0;
}

/** Computes the terms of one image's tiles. Rows of the image are `width · pixelBytes` long, unpadded. */
export class RasterCrc {
  readonly #rowBytes: number;
  readonly #pixelBytes: number;
  readonly #imageBytes: number;
  /** Multipliers by row length in bytes: the image's, and those of the tile widths met. */
  readonly #multipliers = new Map<number, Uint32Array>();

  constructor(image: Size, pixelBytes: number) {
    this.#pixelBytes = pixelBytes;
    this.#rowBytes = image.width * pixelBytes;
    this.#imageBytes = this.#rowBytes * image.height;
  }

  /**
   * The term of `rect`, whose little-endian pixels lie in `bytes` in rows `strideBytes` apart, and the plain
   * CRC-32 of the rect's pixels in raster order. Each byte is read once.
   */
  term(rect: Rect, bytes: Uint8Array, strideBytes: number): { term: number; crc: number } {
    const segment = rect.width * this.#pixelBytes;
    const end = (rect.y + rect.height - 1) * this.#rowBytes + (rect.x + rect.width) * this.#pixelBytes;
    const behind = powerOfBytes(this.#imageBytes - end);
    // Whole rows without gaps are one run of bytes.
    if (segment === this.#rowBytes && segment === strideBytes) {
      const rest = remainder(bytes.subarray(0, segment * rect.height));
      return { term: multiply(rest >>> 0, behind), crc: finished(rest, segment * rect.height) };
    }
    const nextImageRow = this.#multiplier(this.#rowBytes);
    const nextTileRow = this.#multiplier(segment);
    let inImage = 0;
    let inTile = 0;
    for (let row = 0; row < rect.height; row++) {
      const rest = remainder(bytes.subarray(row * strideBytes, row * strideBytes + segment));
      inImage = times(nextImageRow, inImage) ^ rest;
      inTile = times(nextTileRow, inTile) ^ rest;
    }
    return { term: multiply(inImage >>> 0, behind), crc: finished(inTile, segment * rect.height) };
  }

  /** The image's CRC-32 from the exclusive or of all its terms. */
  finish(terms: number): number {
    return finished(terms, this.#imageBytes);
  }

  #multiplier(rowBytes: number): Uint32Array {
    let table = this.#multipliers.get(rowBytes);
    if (table === undefined) {
      table = multiplierTable(powerOfBytes(rowBytes));
      this.#multipliers.set(rowBytes, table);
    }
    return table;
  }
}
