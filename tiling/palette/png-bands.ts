import { constants, deflateRawSync } from 'node:zlib';
import type { Size } from '../geometry/rect.js';
import type { Rgb } from './nearest-colour.js';
import { pngChunk, pngHead } from './png-encode.js';

/** How the samples of a PNG in bands lie: indices into a palette, or RGBA. */
export interface BandFormat {
  readonly size: Size;
  /** The colours of an indexed PNG; null for RGBA. */
  readonly palette: readonly Rgb[] | null;
  /** Whether index `palette.length` is a clear entry. */
  readonly transparent: boolean;
}

const ADLER_BASE = 65521;
/** Most bytes whose sums stay in 31 bits between two reductions. */
const ADLER_RUN = 3800;

/**
 * One band of rows as a whole IDAT chunk: its rows without filter, deflated on their own and ended at a byte
 * boundary, so that bands are compressed in parallel and joined by appending (as pigz does).
 */
export function bandChunk(samples: Uint8Array, rowBytes: number): { chunk: Buffer; adler: number; rawBytes: number } {
  const count = samples.length / rowBytes;
  const rows = new Uint8Array((rowBytes + 1) * count);
  for (let row = 0; row < count; row++) {
    rows.set(samples.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
  }
  const data = deflateRawSync(rows, { finishFlush: constants.Z_SYNC_FLUSH });
  return { chunk: pngChunk('IDAT', data), adler: adler32(rows), rawBytes: rows.length };
}

/** What comes before the bands: signature, header, palette and the two bytes that a zlib stream begins with. */
export function bandsHead({ size, palette, transparent }: BandFormat): Buffer {
  return Buffer.concat([pngHead(size, palette, transparent), pngChunk('IDAT', Uint8Array.of(0x78, 0x9c))]);
}

/** What comes after them: the stream's last, empty block and the checksum over all rows. */
export function bandsTail(bands: readonly { readonly adler: number; readonly rawBytes: number }[]): Buffer {
  const end = Buffer.from([0x03, 0x00, 0, 0, 0, 0]);
  end.writeUInt32BE(bands.reduce((sum, { adler, rawBytes }) => joinAdler(sum, adler, rawBytes), 1) >>> 0, 2);
  return Buffer.concat([pngChunk('IDAT', end), pngChunk('IEND', new Uint8Array(0))]);
}

/** RFC 1950's checksum. */
export function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let from = 0; from < bytes.length; from += ADLER_RUN) {
    const to = Math.min(bytes.length, from + ADLER_RUN);
    for (let at = from; at < to; at++) {
      a += bytes[at]!;
      b += a;
    }
    a %= ADLER_BASE;
    b %= ADLER_BASE;
  }
  return ((b << 16) | a) >>> 0;
}

/** The checksum of two byte strings one after the other, from theirs; as zlib's adler32_combine. */
export function joinAdler(first: number, second: number, secondBytes: number): number {
  const a = (first & 0xffff) + (second & 0xffff) - 1;
  const b = (first >>> 16) + (second >>> 16) + (secondBytes % ADLER_BASE) * ((first & 0xffff) - 1);
  const low = ((a % ADLER_BASE) + ADLER_BASE) % ADLER_BASE;
  const high = ((b % ADLER_BASE) + ADLER_BASE) % ADLER_BASE;
  return ((high << 16) | low) >>> 0;
}
