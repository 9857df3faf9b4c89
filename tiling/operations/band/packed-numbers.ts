import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Numbers of one row are much alike: the fast level takes most of them away. */
const LEVEL = 1;

/** 32-bit integers as text for ledgers and messages: differences, little-endian, deflated, as base64. */
export function packNumbers(numbers: Int32Array): string {
  const differences = new Int32Array(numbers.length);
  let before = 0;
  for (let i = 0; i < numbers.length; i++) {
    differences[i] = numbers[i]! - before;
    before = numbers[i]!;
  }
  const bytes = new Uint8Array(differences.buffer);
  return deflateRawSync(bytes, { level: LEVEL }).toString('base64');
}

/** The inverse of {@link packNumbers}; undefined where the text is not one of at most so many numbers. */
export function unpackNumbers(text: unknown, atMost: number): Int32Array | undefined {
  if (typeof text !== 'string') return undefined;
  let bytes: Buffer;
  try {
    bytes = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: Math.max(1, atMost * 4) });
  } catch {
    // Whoever sent it did not pack numbers.
    return undefined;
  }
  if (bytes.length % 4 !== 0) return undefined;
  const numbers = new Int32Array(bytes.length / 4);
  new Uint8Array(numbers.buffer).set(bytes);
  for (let i = 1; i < numbers.length; i++) numbers[i]! += numbers[i - 1]!;
  return numbers;
}
