import { constants, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { RecordLog, type ScannedLog, scanAllRecords } from '../../../tiling/stitch/record-log.js';
import { systemWords } from '../../../tiling/system-fault.js';
import type { Entry, RecordedJob } from './entry.js';

/** A change: the job's whole new state, or that it was removed. The last record of a job counts. */
export type QueueRecord =
  | {
      readonly type: 'job';
      /** Order of submission. */
      readonly sequence: number;
      /** Of the spec as JSON, where the record has it. */
      readonly bytes?: number;
      /** The first record of a job has its spec, which never changes. */
      readonly job: RecordedJob;
    }
  | { readonly type: 'removed'; readonly id: string };

/** Records of the new log that the disk is waited for together. */
const COMPACTED_AT_ONCE = 500;
/** A log of so many records for each job is written anew when the queue is opened. */
const RECORDS_PER_JOB = 4;
/** Specs name what their owners work on: nobody else on this machine reads them. */
const MODE = 0o600;

/** Hands all records of a log and their texts to `replay`, also those behind a damaged place. */
export function replayLog(path: string, replay: (record: QueueRecord, text: string) => void): ScannedLog {
  return scanAllRecords(path, (record, text) => replay(record as QueueRecord, text));
}

/**
 * Opens a log that was replayed. One with damage is kept beside it, named by a line to the operator, and written anew
 * from what could be read; so is one that has grown far beyond its jobs. A full disk puts the latter off.
 * @param log tells the operator
 * @throws the fault where a damaged log cannot be written anew
 */
export function openLog(
  path: string,
  scanned: ScannedLog,
  entries: ReadonlyMap<string, Entry>,
  log: (line: string) => void,
): RecordLog {
  const { damaged, records } = scanned;
  const open = (validBytes: number) => RecordLog.open(path, { mode: MODE, validBytes });
  if (damaged.length === 0 && records <= RECORDS_PER_JOB * (entries.size + COMPACTED_AT_ONCE)) {
    return open(scanned.bytes);
  }
  // Whoever died over one held the same lock: what it left is written over.
  const fresh = `${path}.new`;
  let bytes: number;
  try {
    bytes = writeEntries(fresh, entries);
  } catch (error) {
    rmSync(fresh, { force: true });
    if (damaged.length > 0) throw error;
    log(`the queue's log ${path} is not shortened yet: ${systemWords(error)}`);
    return open(scanned.bytes);
  }
  if (damaged.length > 0) {
    const aside = asidePath(path);
    // Copied and not renamed: a start that dies in between must find a log.
    copyFileSync(path, aside, constants.COPYFILE_EXCL);
    const [first] = damaged as [number];
    const lines = damaged.length === 1 ? 'one line' : `${damaged.length} lines`;
    log(
      `the queue's log ${path} is damaged: ${lines} from byte ${first} on cannot be read; ` +
        `${entries.size} jobs are kept, those that only these lines told of are gone; the damaged file is ${aside}`,
    );
  }
  renameSync(fresh, path);
  return open(bytes);
}

/** Writes a log with one record a job and returns its bytes. */
function writeEntries(path: string, entries: ReadonlyMap<string, Entry>): number {
  const log = RecordLog.open(path, { durable: true, mode: MODE, validBytes: 0 });
  try {
    let some: QueueRecord[] = [];
    for (const { sequence, bytes, job } of entries.values()) {
      some.push({ type: 'job', sequence, bytes, job });
      if (some.length < COMPACTED_AT_ONCE) continue;
      log.append(...some);
      some = [];
    }
    log.append(...some);
    return log.bytes;
  } finally {
    log.close();
  }
}

/** A name beside the log that nothing has. */
function asidePath(path: string): string {
  for (let number = 1; ; number++) {
    const aside = `${path}.damaged-${number}`;
    if (!existsSync(aside)) return aside;
  }
}
