import { crc32, inflateSync } from 'node:zlib';
import type { Size } from '../../tiling/geometry/rect.js';
import { nearestIndices } from '../../tiling/palette/downscale-nearest.js';
import { isPng } from '../../tiling/sources/png-pictures.js';
import { PngRows } from '../kernels/wasm/pixels/png-rows.js';
import type { DecodedFrame } from './decoded-frame.js';
import { discard } from './discard.js';

/** Colour types of the PNG specification by the bytes of a pixel; in type 3 a byte is a place in the palette. */
const PIXEL_BYTES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);
const GREY = 0;
const INDEXED = 3;
const GREY_ALPHA = 4;
/** Of a chunk name's first letter: a lower-case one can be left out. */
const ANCILLARY_BIT = 0x20;
/** Images of more pixels are left to a decoder that reads by rows. */
const MAX_PIXELS = 2 ** 27;
/** Room after the last byte, so that one call of zlib sees the end of the stream. */
const SLACK = 64;

let rows: PngRows | undefined;

/**
 * Decodes a plain PNG (8 bits, not interlaced, every checksum right) and keeps of it what the nearest downscale to
 * `wanted` takes (null: all): the samples that sharp gives, in a seventh of its time for flat colours, because zlib
 * writes runs at the speed of memory. Undefined where the file is anything else or damaged: let sharp judge it.
 */
export function decodePng(bytes: Uint8Array, wanted: Size | null): DecodedFrame | undefined {
  const png = readChunks(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (png === undefined) return undefined;
  const { stored, type, colours, data } = png;
  const pixelBytes = PIXEL_BYTES.get(type)!;
  const rowBytes = stored.width * pixelBytes;
  const filtered = inflated(data, (rowBytes + 1) * stored.height);
  if (filtered === undefined) return undefined;
  const size = wanted ?? stored;
  const columns = nearestIndices(stored.width, size.width).map((column) => column * pixelBytes);
  const wantedRows = nearestIndices(stored.height, size.height);
  const rgba = new Uint8Array(size.width * size.height * 4);
  let row = 0;
  let whole = true;
  rows ??= new PngRows();
  const known = rows.eachStrip(
    filtered,
    { rows: stored.height, rowBytes, pixelBytes },
    ({ from, to, bytes: strip, start }) => {
      for (; row < wantedRows.length && wantedRows[row]! < to; row++) {
        const at = start + (wantedRows[row]! - from) * (rowBytes + 1);
        whole &&= takeRow(strip, at, columns, { type, colours, rgba, into: row * size.width * 4 });
      }
    },
  );
  // Smaller ones may lie in a pool that is not ours.
  if (filtered.buffer.byteLength > Buffer.poolSize) discard(filtered.buffer);
  return known && whole ? { rgba, size } : undefined;
}

interface PngParts {
  readonly stored: Size;
  readonly type: number;
  /** RGBA of an indexed image's colours. */
  readonly colours: Uint8Array;
  /** The compressed stream. */
  readonly data: Uint8Array;
}

function readChunks(png: Buffer): PngParts | undefined {
  if (png.length < 45 || !isPng(png)) return undefined;
  const parts: Buffer[] = [];
  const chunks = new Map<string, Buffer>();
  let before = '';
  for (let at = 8; !chunks.has('IEND'); ) {
    if (at + 12 > png.length) return undefined;
    const length = png.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > png.length || crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) return undefined;
    const name = png.toString('latin1', at + 4, at + 8);
    if (!isInPlace(name, before, chunks, parts.length)) return undefined;
    if (name === 'IDAT') parts.push(png.subarray(at + 8, end));
    else chunks.set(name, png.subarray(at + 8, end));
    before = name;
    at = end + 4;
  }
  const header = chunks.get('IHDR');
  // Of an animation.
  if (chunks.has('acTL')) return undefined;
  if (header?.length !== 13 || parts.length === 0) return undefined;
  const stored = { width: header.readUInt32BE(0), height: header.readUInt32BE(4) };
  const [depth, type, compression, filter, interlace] = header.subarray(8);
  const isPlain = depth === 8 && compression === 0 && filter === 0 && interlace === 0 && PIXEL_BYTES.has(type!);
  const pixels = stored.width * stored.height;
  if (!isPlain || pixels < 1 || pixels > MAX_PIXELS) return undefined;
  const [palette, clear] = [chunks.get('PLTE'), chunks.get('tRNS')];
  if (clear !== undefined && type !== INDEXED) return undefined;
  if (palette !== undefined && (type === GREY || type === GREY_ALPHA)) return undefined;
  const places = (palette?.length ?? 0) / 3;
  if (!Number.isInteger(places) || places > 256 || (clear?.length ?? 0) > places) return undefined;
  const colours = paletteOf(palette ?? Buffer.alloc(0), clear ?? Buffer.alloc(0));
  return { stored, type: type!, colours, data: parts.length === 1 ? parts[0]! : Buffer.concat(parts) };
}

/**
 * Whether a chunk may stand where it does: the header first, what is known once, colours before the pixels, the pixels
 * in a row, and nothing critical that the specification does not know (PNG 3rd edition, sections 5.4 and 5.6).
 */
function isInPlace(name: string, before: string, known: ReadonlyMap<string, Buffer>, parts: number): boolean {
  if ((name === 'IHDR') !== (before === '')) return false;
  if (name === 'IDAT') return parts === 0 || before === 'IDAT';
  const isCritical = (name.charCodeAt(0) & ANCILLARY_BIT) === 0;
  if (!isCritical && name !== 'tRNS') return true;
  if (known.has(name)) return false;
  if (name === 'tRNS') return parts === 0 && known.has('PLTE');
  return name === 'IHDR' || name === 'IEND' || (name === 'PLTE' && parts === 0);
}

function paletteOf(rgb: Buffer, alphas: Buffer): Uint8Array {
  const colours = new Uint8Array(Math.floor(rgb.length / 3) * 4).fill(255);
  for (let place = 0; place * 4 < colours.length; place++) {
    colours.set(rgb.subarray(place * 3, place * 3 + 3), place * 4);
    if (place < alphas.length) colours[place * 4 + 3] = alphas[place]!;
  }
  return colours;
}

/** Exactly `length` bytes, or undefined. */
function inflated(data: Uint8Array, length: number): Uint8Array<ArrayBuffer> | undefined {
  try {
    const room = length + SLACK;
    const bytes = inflateSync(data, { chunkSize: room, maxOutputLength: room });
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Pixels at byte places of a row as RGBA; false where one lies outside its palette. */
function takeRow(
  row: Uint8Array,
  start: number,
  columns: Uint32Array,
  {
    type,
    colours,
    rgba,
    into,
  }: Pick<PngParts, 'type' | 'colours'> & { readonly rgba: Uint8Array; readonly into: number },
): boolean {
  let to = into;
  const green = type < 2 || type === 4 ? 0 : 1;
  const alpha = type === 4 ? 1 : type === 6 ? 3 : 0;
  for (let x = 0; x < columns.length; x++) {
    const at = start + columns[x]!;
    if (type === INDEXED) {
      const from = row[at]! * 4;
      if (from >= colours.length) return false;
      rgba[to] = colours[from]!;
      rgba[to + 1] = colours[from + 1]!;
      rgba[to + 2] = colours[from + 2]!;
      rgba[to + 3] = colours[from + 3]!;
    } else {
      rgba[to] = row[at]!;
      rgba[to + 1] = row[at + green]!;
      rgba[to + 2] = row[at + 2 * green]!;
      rgba[to + 3] = alpha === 0 ? 255 : row[at + alpha]!;
    }
    to += 4;
  }
  return true;
}
