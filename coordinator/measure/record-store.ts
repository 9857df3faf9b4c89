import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { makeFolder } from '../../tiling/make-folder.js';
import { HeldRun, mergeRuns, type Run } from '../../tiling/measure/merge-runs.js';
import { type MeasuredChannels, recordLength } from '../../tiling/measure/record.js';
import { writeFully } from '../../tiling/stitch/copy-blocks.js';

/** Bytes of records that are held before they are merged, and of what is read ahead of all stored runs together. */
const HELD_BYTES = 64 * 2 ** 20;
/** Records that are merged or read between two looks at the event loop. */
const TURN_RECORDS = 1 << 14;

/** Where records wait for each other. */
export interface RecordStoreOptions {
  /** Files of stored runs; made when needed. */
  readonly folder: string;
  readonly channels: MeasuredChannels;
  /** 64 MiB where absent. */
  readonly heldBytes?: number;
}

/**
 * Records of parts of an image, which arrive in the order of the parts and leave merged, by label. Memory is bounded for
 * any number of labels: where many are held, they are merged and stored as a run on scratch.
 */
export class RecordStore {
  readonly #options: Required<RecordStoreOptions>;
  readonly #length: number;
  readonly #stored: { readonly path: string; readonly bytes: number }[] = [];
  readonly #open: number[] = [];
  #held: Float64Array[] = [];
  #heldBytes = 0;

  constructor(options: RecordStoreOptions) {
    this.#options = { heldBytes: HELD_BYTES, ...options };
    this.#length = recordLength(options.channels);
  }

  /** Takes the records of the next part. */
  async add(records: Uint8Array): Promise<void> {
    // Bytes that crossed threads may begin anywhere.
    const whole = new Float64Array(records.slice().buffer);
    this.#held.push(whole);
    this.#heldBytes += whole.byteLength;
    if (this.#heldBytes > this.#options.heldBytes) await this.#mergeHeld();
  }

  /** Merges what is held; stores it unless that has made it small. */
  async #mergeHeld(): Promise<void> {
    const most = Math.floor(this.#heldBytes / 8);
    const merged = new Float64Array(most);
    let at = 0;
    for await (const record of this.#merged(this.#heldRuns())) {
      merged.set(record, at);
      at += record.length;
    }
    const whole = merged.subarray(0, at);
    this.#held = [];
    this.#heldBytes = 0;
    if (whole.byteLength * 2 <= this.#options.heldBytes) {
      this.#held.push(whole.slice());
      this.#heldBytes = whole.byteLength;
    } else this.#store(whole);
  }

  #store(records: Float64Array): void {
    const { folder } = this.#options;
    makeFolder(folder);
    const path = join(folder, `run-${this.#stored.length}`);
    const fd = openSync(path, 'w', 0o600);
    try {
      writeFully(fd, new Uint8Array(records.buffer, records.byteOffset, records.byteLength), 0);
    } finally {
      closeSync(fd);
    }
    this.#stored.push({ path, bytes: records.byteLength });
  }

  #heldRuns(): Run[] {
    return this.#held.map((records) => new HeldRun(records, this.#length));
  }

  async *#merged(runs: readonly Run[]): AsyncGenerator<Float64Array> {
    let turn = 0;
    for (const record of mergeRuns(runs, this.#options.channels)) {
      if (++turn % TURN_RECORDS === 0) await setImmediate();
      yield record;
    }
  }

  /** All records, each label once, in ascending order; one is the caller's until the next. Call once. */
  records(): AsyncGenerator<Float64Array> {
    const bytesOfRun = this.#options.heldBytes / Math.max(1, this.#stored.length);
    const stored = this.#stored.map(({ path, bytes }) => {
      const fd = openSync(path, 'r');
      this.#open.push(fd);
      return new StoredRun(fd, bytes, { recordLength: this.#length, bufferBytes: bytesOfRun });
    });
    return this.#merged([...stored, ...this.#heldRuns()]);
  }

  /** Closes and removes its files. */
  close(): void {
    for (const fd of this.#open) closeSync(fd);
    for (const { path } of this.#stored) rmSync(path, { force: true });
  }
}

/** A run in a file, read some records at a time. */
class StoredRun implements Run {
  readonly #fd: number;
  readonly #bytes: number;
  readonly #length: number;
  readonly #buffer: Float64Array;
  #read = 0;
  #from = 0;
  #filled = 0;

  constructor(
    fd: number,
    bytes: number,
    { recordLength: length, bufferBytes }: { readonly recordLength: number; readonly bufferBytes: number },
  ) {
    this.#fd = fd;
    this.#bytes = bytes;
    this.#length = length;
    this.#buffer = new Float64Array(Math.max(1, Math.floor(bufferBytes / 8 / length)) * length);
    this.#fill();
  }

  #fill(): void {
    const wanted = Math.min(this.#buffer.byteLength, this.#bytes - this.#read);
    const bytes = new Uint8Array(this.#buffer.buffer, 0, wanted);
    for (let at = 0; at < wanted; ) {
      const got = readSync(this.#fd, bytes, at, wanted - at, this.#read + at);
      if (got === 0) throw new RangeError('a run of records was cut');
      at += got;
    }
    this.#read += wanted;
    this.#from = 0;
    this.#filled = wanted / 8;
  }

  get current(): Float64Array | undefined {
    return this.#from < this.#filled ? this.#buffer.subarray(this.#from, this.#from + this.#length) : undefined;
  }

  advance(): void {
    this.#from += this.#length;
    if (this.#from === this.#filled) this.#fill();
  }
}
