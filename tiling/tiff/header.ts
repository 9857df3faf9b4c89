import { badInput, HalotileError } from '../errors.js';
import { Directory, type Entry } from './directory.js';
import { pastTheEnd, type RandomBytes, readBytes } from './random-bytes.js';
import { FIELD_TYPES, PIXEL_TAGS, TAG, tagName } from './tags.js';

/** How classic TIFF and BigTIFF differ: sizes in a table, not branches. */
interface Format {
  readonly name: 'TIFF' | 'BigTIFF';
  readonly headerBytes: number;
  /** Where the header holds the first directory's offset. */
  readonly firstAt: number;
  readonly offsetBytes: 4 | 8;
  readonly countBytes: 2 | 8;
  readonly entryBytes: number;
  /** Where an entry holds its value or offset. */
  readonly valueAt: number;
}

const CLASSIC: Format = {
  name: 'TIFF',
  headerBytes: 8,
  firstAt: 4,
  offsetBytes: 4,
  countBytes: 2,
  entryBytes: 12,
  valueAt: 8,
};
const BIG: Format = {
  name: 'BigTIFF',
  headerBytes: 16,
  firstAt: 8,
  offsetBytes: 8,
  countBytes: 8,
  entryBytes: 20,
  valueAt: 12,
};

/** More tags than any real directory has: reading stops before they cost anything. */
const MAX_ENTRIES = 4096;
/** More directories than any real file has, chained or named by another one. */
export const MAX_DIRECTORIES = 10_000;

/** The structure of a TIFF file: its directories in file order, every entry known to lie in the file. */
export interface TiffHeader {
  readonly kind: 'TIFF' | 'BigTIFF';
  readonly littleEndian: boolean;
  readonly directories: readonly Directory[];
  /** What is wrong with the file and changes no pixel, a sentence each. */
  readonly warnings: readonly string[];
}

/** Whether the bytes begin like a TIFF or BigTIFF of either byte order. */
export function looksLikeTiff(start: Uint8Array): boolean {
  const [a, b, c, d] = start;
  if (a === 0x49 && b === 0x49) return (c === 42 || c === 43) && d === 0;
  return a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43);
}

/**
 * The directories of a TIFF or BigTIFF (TIFF 6.0 section 2; BigTIFF by Aware Systems).
 * A successor that lies behind the end of the file, was met before or is no directory ends the chain, and a tag behind the
 * end that says nothing of the pixels is left out, as libtiff does it; all are warned of.
 * @throws bad-input for anything else that points outside the file or is more than any real file has
 */
export function parseHeader(file: RandomBytes): TiffHeader {
  const magic = readBytes(file, 0, 8, 'TIFF header');
  if (!looksLikeTiff(magic)) {
    throw badInput({
      what: 'no TIFF: the first four bytes are not its signature',
      file: file.name,
      expected: 'a TIFF',
    });
  }
  const littleEndian = magic[0] === 0x49;
  const format = (littleEndian ? magic[2] : magic[3]) === 42 ? CLASSIC : BIG;
  const header = new DataView(readBytes(file, 0, format.headerBytes, `${format.name} header`).buffer);
  if (format === BIG && (header.getUint16(4, littleEndian) !== 8 || header.getUint16(6, littleEndian) !== 0)) {
    throw badInput({ what: 'BigTIFF header with an offset size other than 8', file: file.name, expected: 'size 8' });
  }
  const directories: Directory[] = [];
  const warnings: string[] = [];
  const seen = new Set<number>();
  let offset = getOffset(header, format.firstAt, format, littleEndian);
  while (offset !== 0) {
    if (seen.has(offset)) {
      warnings.push(`${file.name}: the image directories go round: the one behind the last is at byte ${offset} again`);
      break;
    }
    if (directories.length === MAX_DIRECTORIES) {
      throw badInput({ what: `more than ${MAX_DIRECTORIES} image directories`, file: file.name, expected: 'fewer' });
    }
    if (directories.length > 0 && offset + format.countBytes > file.size) {
      warnings.push(`${file.name}: a further image directory at byte ${offset} lies past the end of the file`);
      break;
    }
    seen.add(offset);
    const place = { index: directories.length, offset, littleEndian };
    const parsed = parseDirectory(file, format, place, warnings);
    if (parsed === undefined) {
      warnings.push(`${file.name}: what should be a further image directory at byte ${offset} is none`);
      break;
    }
    directories.push(parsed.directory);
    offset = parsed.next;
  }
  if (directories.length === 0) {
    throw badInput({ what: 'no image directory', file: file.name, expected: 'at least one', remedy: 'write it anew' });
  }
  return { kind: format.name, littleEndian, directories, warnings };
}

/**
 * The directories that those of the chain name as parts of theirs (tag 330), numbered on behind them; what cannot be
 * read of them is left out, as nothing needs them.
 */
export function subDirectories(file: RandomBytes, { kind, littleEndian, directories }: TiffHeader): Directory[] {
  const format = kind === 'TIFF' ? CLASSIC : BIG;
  const found: Directory[] = [];
  for (const parent of directories) {
    if (!parent.has(TAG.subIfds)) continue;
    for (const offset of parent.integers(TAG.subIfds, MAX_DIRECTORIES)) {
      const index = directories.length + found.length;
      if (index >= MAX_DIRECTORIES) return found;
      try {
        const parsed = parseDirectory(file, format, { index, offset, littleEndian }, []);
        if (parsed !== undefined) found.push(parsed.directory);
      } catch (error) {
        if (!(error instanceof HalotileError)) throw error;
      }
    }
  }
  return found;
}

/** Undefined where a place that another directory names holds none. @throws bad-input for the first one, and for tags */
function parseDirectory(
  file: RandomBytes,
  format: Format,
  place: { readonly index: number; readonly offset: number; readonly littleEndian: boolean },
  warnings: string[],
): { directory: Directory; next: number } | undefined {
  const { littleEndian, index, offset } = place;
  const name = `image directory ${index}`;
  const countView = new DataView(readBytes(file, offset, format.countBytes, name).buffer);
  const count = format.countBytes === 2 ? countView.getUint16(0, littleEndian) : getBig(countView, 0, littleEndian);
  if (index > 0 && !isDirectory(count, format, { offset, size: file.size })) return undefined;
  if (count === 0 || count > MAX_ENTRIES) {
    throw badInput({
      what: `${name} at byte ${offset} claims ${count} tags`,
      file: file.name,
      expected: `1 to ${MAX_ENTRIES}`,
      remedy: 'the file is damaged',
    });
  }
  const start = offset + format.countBytes;
  // The successor's offset may be missing at the very end of a file.
  const hasNext = start + count * format.entryBytes + format.offsetBytes <= file.size;
  const end = start + count * format.entryBytes + (hasNext ? format.offsetBytes : 0);
  const view = new DataView(readBytes(file, start, end - start, name).buffer);
  const entries = new Map<number, Entry>();
  for (let i = 0; i < count; i++) {
    const at = i * format.entryBytes;
    const entry = parseEntry(file, format, view, { at, start, littleEndian }, warnings);
    // The first of equal tags counts, as in libtiff.
    if (entry !== null && !entries.has(entry.tag)) entries.set(entry.tag, entry);
  }
  const directory = new Directory(file, { index, offset, end, littleEndian }, entries);
  return { directory, next: hasNext ? getOffset(view, count * format.entryBytes, format, littleEndian) : 0 };
}

/** Whether as many tags as are claimed may lie at a place. */
function isDirectory(
  count: number,
  { countBytes, entryBytes }: Format,
  { offset, size }: { readonly offset: number; readonly size: number },
): boolean {
  return count > 0 && count <= MAX_ENTRIES && offset + countBytes + count * entryBytes <= size;
}

function parseEntry(
  file: RandomBytes,
  format: Format,
  view: DataView,
  { at, start, littleEndian }: { readonly at: number; readonly start: number; readonly littleEndian: boolean },
  warnings: string[],
): Entry | null {
  const tag = view.getUint16(at, littleEndian);
  const type = view.getUint16(at + 2, littleEndian);
  const count = getOffset(view, at + 4, format, littleEndian);
  const field = FIELD_TYPES[type];
  // TIFF 6.0 tells readers to skip types that they do not know.
  if (field === undefined) return null;
  const byteLength = count * field.bytes;
  const fits = byteLength <= format.offsetBytes;
  const offset = fits ? start + at + format.valueAt : getOffset(view, at + format.valueAt, format, littleEndian);
  if (offset + byteLength <= file.size) return { tag, type, count, offset, byteLength };
  if (PIXEL_TAGS.has(tag)) throw pastTheEnd(file, offset, byteLength, tagName(tag));
  warnings.push(`${file.name}: ${tagName(tag)} lies past the end of the file and is left out`);
  return null;
}

function getOffset(view: DataView, at: number, format: Format, littleEndian: boolean): number {
  return format.offsetBytes === 4 ? view.getUint32(at, littleEndian) : getBig(view, at, littleEndian);
}

/** A 64-bit value; beyond 2^53 it is inexact, but still larger than any file and refused by bounds. */
function getBig(view: DataView, at: number, littleEndian: boolean): number {
  return Number(view.getBigUint64(at, littleEndian));
}
