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

/** The middle of a block that shows which strategy suits it, in bytes. */
const PROBE_BYTES = 16 << 10;

/** How much larger run lengths may be: sharp photographs lose 3 % of size for a fifth of the time. */
const PROBE_TOLERANCE = 1.05;

/**
 * Encodes a block as a zlib stream, or one in gzip's wrapper: the same bytes for the same block, whoever encodes it.
 *
 * At level 1, predicted samples are mostly small numbers in runs, for which zlib's search for repeated strings is
 * slower than run lengths alone and finds worse codes (measured in decision 003). Pictures that do repeat, such as
 * text, are told by a probe of each block.
 */
export function encodeDeflate(
  pixels: Uint8Array,
  { level, predictor, gzip }: Pick<Encoding, 'level' | 'predictor' | 'gzip'>,
): Uint8Array {
  // Most blocks end within one chunk, so that nothing is joined afterwards.
  const chunkSize = Math.max(4096, pixels.length >> 1);
  const deflate = gzip ? gzipSync : deflateSync;
  const encoded = (strategy: number) => deflate(pixels, { level, strategy, memLevel: 9, chunkSize });
  if (level !== 1 || predictor === 1) return encoded(constants.Z_DEFAULT_STRATEGY);
  if (pixels.length > PROBE_BYTES) return encoded(fastStrategy(pixels));
  // A probe of a small block would be all of it.
  const runs = encoded(constants.Z_RLE);
  const repeats = encoded(constants.Z_DEFAULT_STRATEGY);
  return runs.length <= repeats.length * PROBE_TOLERANCE ? runs : repeats;
}

/** The strategy that makes the middle of the block smaller. */
function fastStrategy(pixels: Uint8Array): number {
  const start = Math.max(0, (pixels.length - PROBE_BYTES) >> 1);
  const probe = pixels.subarray(start, start + PROBE_BYTES);
  const bytes = (strategy: number) => deflateSync(probe, { level: 1, strategy }).length;
  // Run lengths also take less time: a tie is theirs.
  return bytes(constants.Z_RLE) <= bytes(constants.Z_DEFAULT_STRATEGY) * PROBE_TOLERANCE
    ? constants.Z_RLE
    : constants.Z_DEFAULT_STRATEGY;
}
