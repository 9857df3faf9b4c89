import { crc32, deflateSync } from 'node:zlib';
import { badInput } from '../errors.js';
import type { Size } from '../geometry/rect.js';
import { PNG_SIGNATURE } from '../png-signature.js';
import type { Rgb } from './nearest-colour.js';

const INDEXED = 3;
const RGBA = 6;

/**
 * An 8-bit indexed PNG whose PLTE is exactly `palette` (1 to 256 colours), followed by one transparent entry
 * where `transparent` is set (then at most 255 colours): pixels of that index, `palette.length`, are clear.
 * Equal input gives equal bytes for one zlib build.
 */
export function encodeIndexedPng(
  indices: Uint8Array,
  size: Size,
  palette: readonly Rgb[],
  { transparent }: { readonly transparent: boolean },
): Buffer {
  return encode(indices, size, 1, pngHead(size, palette, transparent));
}

/** An 8-bit RGBA PNG of interleaved pixels. */
export function encodeRgbaPng(rgba: Uint8Array, size: Size): Buffer {
  return encode(rgba, size, 4, pngHead(size, null, false));
}

/**
 * What a PNG of 8 bits begins with (PNG specification, third edition): signature, header and the palette of an
 * indexed one (1 to 256 entries, the clear one included); RGBA where the palette is null.
 */
export function pngHead({ width, height }: Size, palette: readonly Rgb[] | null, transparent: boolean): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = palette === null ? RGBA : INDEXED;
  const chunks = [PNG_SIGNATURE, pngChunk('IHDR', header)];
  if (palette === null) return Buffer.concat(chunks);
  const entries = palette.length + (transparent ? 1 : 0);
  if (entries < 1 || entries > 256) {
    throw badInput({ what: `${entries} entries for an indexed PNG`, expected: '1 to 256' });
  }
  const colours = new Uint8Array(entries * 3);
  palette.forEach((rgb, index) => {
    colours.set(rgb, index * 3);
  });
  chunks.push(pngChunk('PLTE', colours));
  if (transparent) {
    const alphas = new Uint8Array(entries).fill(255);
    alphas[palette.length] = 0;
    chunks.push(pngChunk('tRNS', alphas));
  }
  return Buffer.concat(chunks);
}

/** No filter, no interlace; few colours compress best so. */
function encode(samples: Uint8Array, { width, height }: Size, bytes: number, head: Buffer): Buffer {
  const rowBytes = width * bytes;
  const rows = new Uint8Array((rowBytes + 1) * height);
  for (let row = 0; row < height; row++) {
    rows.set(samples.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
  }
  return Buffer.concat([
    head,
    pngChunk('IDAT', deflateSync(rows, { windowBits: windowBitsFor(rows.length) })),
    pngChunk('IEND', new Uint8Array(0)),
  ]);
}

/** No more window than there are bytes: setting up a large one costs more than a small image does. */
function windowBitsFor(bytes: number): number {
  return Math.max(9, Math.min(15, Math.ceil(Math.log2(bytes))));
}

/** One chunk: length, type, data, CRC. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}
