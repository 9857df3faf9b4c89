import { readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { decodePng } from '../../../worker/frames/decode-png.js';
import { fixturePath, MANIFEST } from '../../unit/reading-fixtures.js';
import type { FuzzTarget } from '../target.js';

const HEAD = 8;

/** A PNG's chunks with their checksums made right, so that mutations reach what lies behind them. */
function mended(bytes: Uint8Array): Uint8Array {
  const png = Buffer.from(bytes);
  for (let at = HEAD; at + 12 <= png.length; ) {
    const length = png.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > png.length) break;
    png.writeUInt32BE(crc32(png.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return png;
}

/** The rows of a plain PNG packed anew as they are, so that mutations reach filters and pixels. */
function repacked(bytes: Uint8Array): Uint8Array {
  const png = Buffer.from(bytes);
  const at = png.indexOf('IDAT');
  if (at < 4) return bytes;
  const rows = png.subarray(at + 4, png.length - 16);
  const data = deflateSync(rows.subarray(0, 1 << 16), { level: 1 });
  const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from('IDAT'), data, Buffer.alloc(4)]);
  chunk.writeUInt32BE(data.length);
  return mended(Buffer.concat([png.subarray(0, at - 4), chunk, END]));
}

const END = Buffer.from('0000000049454e44ae426082', 'hex');

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type), data, Buffer.alloc(4)]);
  bytes.writeUInt32BE(data.length);
  return bytes;
}

/** A PNG of a colour type with every filter, its rows not packed: see {@link repacked}. */
function unpacked(type: number, pixelBytes: number): Uint8Array {
  const [width, height] = [9, 7];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = type;
  const rows = Buffer.alloc(height * (width * pixelBytes + 1), 3);
  for (let row = 0; row < height; row++) rows[row * (width * pixelBytes + 1)] = row % 5;
  const palette = type === 3 ? [chunk('PLTE', Buffer.alloc(24, 9)), chunk('tRNS', Buffer.alloc(8, 1))] : [];
  const start = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([start, chunk('IHDR', header), ...palette, chunk('IDAT', rows), END]);
}

const pictures = MANIFEST.pictures
  .filter(({ file }) => file.endsWith('.png'))
  .map(({ file }) => new Uint8Array(readFileSync(fixturePath(file))));

/** Chunks, filters and rows of PNG files. */
export const pngs: FuzzTarget = {
  name: 'png',
  seeds: [...pictures, unpacked(0, 1), unpacked(2, 3), unpacked(3, 1), unpacked(4, 2), unpacked(6, 4)],
  words: ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'gAMA'].map((word) => Buffer.from(word)),
  run: (bytes) => {
    decodePng(bytes, null);
    decodePng(mended(bytes), null);
    const packed = repacked(bytes);
    const whole = decodePng(packed, null);
    if (whole === undefined) return;
    const small = decodePng(packed, { width: 2, height: 3 });
    if (small?.rgba.length !== 24) throw new Error('a frame that decodes whole does not decode small');
  },
};
