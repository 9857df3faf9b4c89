import { closeSync, fdatasync, fsyncSync, ftruncateSync, lstatSync, openSync, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { atOnce } from '../breath.js';

/** What a log holds of a file: every whole record from its start, and how many bytes they take. */
export interface RecordRead {
  /** In the order in which they were appended; the caller narrows them by its own schema. */
  readonly records: readonly object[];
  /** Bytes up to the end of the last whole record; what follows is a torn tail. */
  readonly validBytes: number;
}

/** The beginning of a log, up to the end of a whole record. */
export interface LogPrefix {
  readonly bytes: number;
  /** CRC-32 of those bytes. */
  readonly crc: number;
}

/** How a log is opened for appending. */
export interface OpenOptions {
  readonly durable?: boolean;
  readonly mode?: number;
  readonly validBytes?: number;
}

const LINE_FEED = 0x0a;
const CRC_DIGITS = 8;
const READ_BYTES = 1 << 20;

/**
 * An append-only file of records that survives the death of its writer at any byte. One record is one line:
 * the CRC-32 of the JSON text as 8 lower-case hexadecimal digits, a space, the JSON text (UTF-8), a line feed.
 * A record is there when its line is whole and its CRC holds; the first line that fails ends the log. One
 * writer at a time: the caller holds whatever lock that needs.
 */
export class RecordLog {
  readonly path: string;
  readonly #fd: number;
  readonly #durable: boolean;
  #bytes: number;
  #isClosed = false;
  /** The wait under way, which never rejects, and the one after it. */
  #sync: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;

  private constructor(path: string, fd: number, { durable, bytes }: { durable: boolean; bytes: number }) {
    this.path = path;
    this.#fd = fd;
    this.#durable = durable;
    this.#bytes = bytes;
  }

  /**
   * Opens a log for appending, creating it where it is absent and cutting a torn tail off. `durable` makes
   * every append wait for the disk, so that records survive a power loss too. `mode` is that of a new file. The log is
   * read for its valid bytes unless the caller has just done so.
   */
  static open(path: string, { durable = false, mode = 0o644, ...known }: OpenOptions = {}): RecordLog {
    const validBytes = known.validBytes ?? forEachRecord(path, () => {});
    const fd = openSync(path, 'a', mode);
    ftruncateSync(fd, validBytes);
    return new RecordLog(path, fd, { durable, bytes: validBytes });
  }

  /** Appends records in one write; when it returns, they survive the death of the process. */
  append(...records: readonly object[]): void {
    if (records.length === 0) return;
    const bytes = Buffer.from(records.map(encodeRecord).join(''));
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      // Half a record, as a full disk leaves it, would hide every later one.
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += bytes.length;
    if (this.#durable) fsyncSync(this.#fd);
  }

  /**
   * Returns when all that was appended survives a power loss too. Calls that come while the disk is busy wait together
   * for the next time.
   */
  synced(): Promise<void> {
    this.#nextSync ??= this.#sync.then(() => {
      this.#nextSync = undefined;
      const done = synced(this.#fd);
      this.#sync = done.catch(() => {});
      return done;
    });
    return this.#nextSync;
  }

  /** Bytes that it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Once is enough, more does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }
}

const synced = promisify(fdatasync);

/** One record as a line of a log. */
export function encodeRecord(record: object): string {
  const json = JSON.stringify(record);
  return `${digitsOf(crc32(json))} ${json}\n`;
}

/** All whole records of a log file; none where the file is absent. The file is only read. */
export function readRecords(path: string): RecordRead {
  const records: object[] = [];
  const validBytes = forEachRecord(path, (record) => {
    records.push(record);
  });
  return { records, validBytes };
}

/** Calls `visit` with each whole record in order and returns the bytes they take. */
export function forEachRecord(path: string, visit: (record: object) => void): number {
  return scanRecords(path, visit).bytes;
}

/**
 * Calls `visit` with each whole record in order and says what they take of the file; holds no more than one record
 * and one read buffer in memory. Nothing beyond the first `limitBytes` is looked at, and nothing that is no file.
 * With `fromBytes`, the end of a record, only what follows is read and told of.
 */
export function scanRecords(
  path: string,
  visit: (record: object) => void,
  limitBytes = Number.POSITIVE_INFINITY,
  fromBytes = 0,
): LogPrefix {
  return atOnce(scanningRecords(path, visit, limitBytes, fromBytes));
}

/** {@link scanRecords} in steps of a record each. */
export function* scanningRecords(
  path: string,
  visit: (record: object) => void,
  limitBytes = Number.POSITIVE_INFINITY,
  fromBytes = 0,
): Generator<void, LogPrefix> {
  let held: LogPrefix = { bytes: 0, crc: 0 };
  for (const line of linesOf(path, fromBytes)) {
    const decoded = decodeLine(line);
    if (decoded === undefined || held.bytes + line.length > limitBytes) return held;
    held = { bytes: held.bytes + line.length, crc: crc32(line, held.crc) };
    visit(decoded.record);
    yield;
  }
  return held;
}

/** What a whole log holds, damaged or not. */
export interface ScannedLog {
  /** Bytes up to the end of the last whole line; what follows is a torn tail. */
  readonly bytes: number;
  readonly records: number;
  /** Where lines begin that are no records: something changed them after they were written. */
  readonly damaged: readonly number[];
}

/** Calls `visit` with each record and its JSON text in order, also with those behind a line that is none. */
export function scanAllRecords(path: string, visit: (record: object, json: string) => void): ScannedLog {
  const damaged: number[] = [];
  let bytes = 0;
  let records = 0;
  for (const line of linesOf(path, 0)) {
    const decoded = decodeLine(line);
    if (decoded === undefined) damaged.push(bytes);
    else {
      visit(decoded.record, decoded.json);
      records++;
    }
    bytes += line.length;
  }
  return { bytes, records, damaged };
}

/** The whole lines of a file with their line feeds, none where there is no file; each is only good until the next one. */
function* linesOf(path: string, fromBytes: number): Generator<Buffer> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return;
  const fd = openSync(path, 'r');
  try {
    let pending: Buffer = Buffer.alloc(0);
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let position = fromBytes; ; ) {
      const count = readSync(fd, buffer, 0, READ_BYTES, position);
      position += count;
      if (count === 0) return;
      const bytes = Buffer.concat([pending, buffer.subarray(0, count)]);
      let start = 0;
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        yield bytes.subarray(start, end + 1);
        start = end + 1;
      }
      pending = bytes.subarray(start);
    }
  } finally {
    closeSync(fd);
  }
}

/** The record of a line with its line feed, and its text; undefined where it is none. */
function decodeLine(line: Buffer): { readonly record: object; readonly json: string } | undefined {
  const bytes = line.subarray(CRC_DIGITS + 1, -1);
  if (line[CRC_DIGITS] !== 0x20 || line.toString('latin1', 0, CRC_DIGITS) !== digitsOf(crc32(bytes))) return undefined;
  const json = bytes.toString('utf8');
  try {
    const record: unknown = JSON.parse(json);
    return typeof record === 'object' && record !== null ? { record, json } : undefined;
  } catch {
    return undefined;
  }
}

function digitsOf(crc: number): string {
  return crc.toString(16).padStart(CRC_DIGITS, '0');
}
