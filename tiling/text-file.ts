import { closeSync, openSync, readSync } from 'node:fs';
import { badInput } from './errors.js';
import { systemWords } from './system-fault.js';

const CHUNK_BYTES = 1 << 16;
/** The longest text that one string holds. */
const MAX_TEXT_BYTES = 2 ** 29 - 2 ** 16;

/** What a text file is, and what it may be. */
export interface TextFileOptions {
  /** For messages: `the manifest`. */
  readonly what: string;
  readonly maxBytes?: number;
  /** What to do where it cannot be read. */
  readonly remedy?: string;
  /** Where it is open already, as standard input is; it stays open. */
  readonly fd?: number;
}

/**
 * The text of a file, or of a pipe up to its end, as {@link decodeText}.
 * @throws bad-input where it cannot be read, is longer than `maxBytes`, or of another encoding
 */
export function readTextFile(path: string, options: TextFileOptions): string {
  return decodeText(readFileBytes(path, options), path, options);
}

/**
 * The bytes of a file, or of a pipe up to its end.
 * @throws bad-input where it cannot be read, or is longer than `maxBytes`
 */
export function readFileBytes(path: string, { what, maxBytes = MAX_TEXT_BYTES, remedy, fd }: TextFileOptions): Buffer {
  let bytes: Buffer;
  try {
    bytes = readBounded(fd ?? path, Math.min(maxBytes, MAX_TEXT_BYTES));
  } catch (cause) {
    throw badInput({ what: `${what} cannot be read: ${systemWords(cause)}`, file: path, remedy }, cause);
  }
  if (bytes.length <= maxBytes) return bytes;
  throw badInput({ what: `${what} is too long`, file: path, expected: `at most ${maxBytes} bytes` });
}

/**
 * Bytes as text without its byte order mark: UTF-8, or UTF-16 as spreadsheets and Windows' shells write it, with a
 * mark or without.
 * @throws bad-input where they are of another encoding
 */
export function decodeText(bytes: Uint8Array, path: string, { what }: Pick<TextFileOptions, 'what'>): string {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch (cause) {
    throw badInput({ what: `${what} is not UTF-8`, file: path, remedy: 'save it as UTF-8' }, cause);
  }
}

/** All bytes, or one more than `maxBytes` of a file without end, as devices have. */
function readBounded(file: string | number, maxBytes: number): Buffer {
  const fd = typeof file === 'number' ? file : openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    let total = 0;
    while (total <= maxBytes) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const count = readSync(fd, chunk, 0, Math.min(CHUNK_BYTES, maxBytes + 1 - total), null);
      if (count === 0) break;
      chunks.push(chunk.subarray(0, count));
      total += count;
    }
    return Buffer.concat(chunks);
  } finally {
    if (typeof file === 'string') closeSync(fd);
  }
}

/** Without a mark, texts of UTF-16 are known by the empty half of their first letter. */
function encodingOf([first, second, third, fourth]: Uint8Array): string {
  const mark = ((first ?? 0) << 8) | (second ?? 0);
  const isWide = (third ?? 1) === 0 && (fourth ?? 1) === 0;
  // Of UTF-32 nothing here makes sense: its zeros are refused as no UTF-8.
  if (mark === 0xfffe) return isWide ? 'utf-8' : 'utf-16le';
  if (mark === 0xfeff) return 'utf-16be';
  if (first === undefined || second === undefined || isWide) return 'utf-8';
  if (first !== 0 && second === 0) return 'utf-16le';
  return first === 0 && second !== 0 ? 'utf-16be' : 'utf-8';
}
