import { constants, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import type { Encoding } from '../plan/plan.js';

/**
 * Decodes a zlib stream, or one in gzip's wrapper, of at most `maxBytes` bytes.
 * @throws what zlib throws: a damaged or unfinished stream, or one that is longer
 */
export function decodeDeflate(encoded: Uint8Array, maxBytes: number): Uint8Array {
  // One chunk with room to spare: zlib then writes its output in one go and nothing is joined afterwards.
  const inflate = encoded[0] === GZIP_MAGIC ? gunzipSync : inflateSync;
  return inflate(encoded, { maxOutputLength: maxBytes, chunkSize: Math.max(64, maxBytes + 64) });
}

/** The first byte of a gzip stream, which no zlib stream begins with. */
const GZIP_MAGIC = 0x1f;

/** Each of the two parts of a block that show which strategy suits it, in bytes. */
const PROBE_BYTES = 8 << 10;
/** Odd, so that all channels and columns are met. */
const PROBE_STEP = 125;

/** How much larger run lengths may be: they take a third of the time. */
const PROBE_TOLERANCE = 1.05;

/** Deflates predicted samples by run lengths, and by what repeats of the row above, `rowBytes` before. */
export type DeflateRuns = (bytes: Uint8Array, rowBytes: number) => Uint8Array;

/** zlib's run lengths, level 1, which know no rows. */
export const deflateRuns: DeflateRuns = (bytes) => zlibStream(bytes, { level: 1, strategy: constants.Z_RLE });

/**
 * Encodes a block of rows of `rowBytes` as a zlib stream, or one in gzip's wrapper: the same bytes for the same block
 * and `runs`.
 *
 * At level 1, predicted samples are mostly small numbers in runs, for which zlib's search for repeated strings is
 * slower than run lengths alone and finds worse codes (measured in decisions 003 and 024). Pictures that do repeat, such
 * as text, are told by a probe of each block.
 */
export function encodeDeflate(
  pixels: Uint8Array,
  { level, predictor, gzip }: Pick<Encoding, 'level' | 'predictor' | 'gzip'>,
  runs: DeflateRuns,
  rowBytes: number,
): Uint8Array {
  const strings = (bytes: Uint8Array) => zlibStream(bytes, { level, strategy: constants.Z_DEFAULT_STRATEGY, gzip });
  if (gzip || level !== 1 || predictor === 1) return strings(pixels);
  // Probes of a small block would be all of it.
  if (pixels.length <= 2 * PROBE_BYTES) {
    const [byRuns, byStrings] = [runs(pixels, rowBytes), strings(pixels)];
    return byRuns.length <= byStrings.length * PROBE_TOLERANCE ? byRuns : byStrings;
  }
  const probes = typicalParts(pixels);
  const bytesBy = (encode: DeflateRuns) => probes.reduce((sum, probe) => sum + encode(probe, rowBytes).length, 0);
  // zlib's default of memory, since it clears all of it for every stream.
  const probeStrings = (bytes: Uint8Array) => deflateSync(bytes, { level, chunkSize: PROBE_BYTES });
  return bytesBy(runs) <= bytesBy(probeStrings) * PROBE_TOLERANCE ? runs(pixels, rowBytes) : strings(pixels);
}

/** The part of a block that differs most from 0, and one that does so a little more often than most parts. */
function typicalParts(pixels: Uint8Array): Uint8Array[] {
  const parts = Array.from({ length: Math.floor(pixels.length / PROBE_BYTES) }, (_, part) => {
    const start = part * PROBE_BYTES;
    let busy = 0;
    for (let at = start; at < start + PROBE_BYTES; at += PROBE_STEP) busy += pixels[at] === 0 ? 0 : 1;
    return { start, busy };
  });
  parts.sort((a, b) => a.busy - b.busy);
  const places = [parts[(parts.length * 5) >> 3]!, parts.at(-1)!];
  return places.map(({ start }) => pixels.subarray(start, start + PROBE_BYTES));
}

function zlibStream(
  bytes: Uint8Array,
  { level, strategy, gzip }: { readonly level: number; readonly strategy: number; readonly gzip?: true | undefined },
): Uint8Array {
  // Most blocks end within one chunk, so that nothing is joined afterwards.
  const chunkSize = Math.max(4096, bytes.length >> 1);
  return (gzip ? gzipSync : deflateSync)(bytes, { level, strategy, memLevel: 9, chunkSize });
}
