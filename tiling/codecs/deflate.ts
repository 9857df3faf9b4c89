import { inflateSync } from 'node:zlib';

/**
 * Decodes a zlib stream of at most `maxBytes` bytes.
 * @throws what zlib throws: a damaged or unfinished stream, or one that is longer
 */
export function decodeDeflate(encoded: Uint8Array, maxBytes: number): Uint8Array {
  // One chunk with room to spare: zlib then writes its output in one go and nothing is joined afterwards.
  return inflateSync(encoded, { maxOutputLength: maxBytes, chunkSize: Math.max(64, maxBytes + 64) });
}
