import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { atOnce } from '../breath.js';
import { badInput, HalotileError } from '../errors.js';
import { type LogPrefix, RecordLog, scanningRecords, scanRecords } from './record-log.js';

/**
 * A ledger: typed records of what is done, fenced by epochs, in a folder of its own.
 *
 * Each run over a piece of work is an epoch: a directory `epoch-000001`, created exclusively, that holds this run's
 * `ledger`. Its first record adopts what older epochs had recorded by then, by length and CRC. Whatever an older run
 * appends later does not exist, so two coordinators that both believe to own the work cannot mix their records.
 * A record counts only as its kind's schema has it.
 */

const whole = z.number().int().min(0);

const adoptRecord = z.object({
  type: z.literal('adopt'),
  /** What an epoch took over from older ones: bytes of each ledger that count, and their CRC-32. */
  epochs: z.array(z.object({ epoch: whole.min(1), bytes: whole, crc: whole.max(0xffff_ffff) })),
});

type AdoptRecord = z.output<typeof adoptRecord>;
type Adoption = AdoptRecord['epochs'][number];

/** One kind of record, told from the others by its `type`. */
export interface LedgerRecord {
  readonly type: string;
}

/** How records are read: as the schema has them. */
export type RecordSchema<R extends LedgerRecord> = z.ZodType<R>;

/** Name of a ledger in its epoch's folder. */
export const LEDGER_FILE = 'ledger';
const EPOCH_NAME = /^epoch-(\d{6,15})$/;

/** A name of one file or folder inside a folder that a ledger speaks of. */
export const innerName = z.string().regex(/^(?!\.{1,2}$)[^/\\\0]{1,255}$/);

/** A path inside a folder that a ledger speaks of: relative, and no part of it leads out. */
export const innerPath = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => path.split('/').every((part) => innerName.safeParse(part).success));

/** What earlier epochs of a ledger have recorded by the time at which it is looked at. */
export class LedgerHistory<R extends LedgerRecord> {
  readonly #folder: string;
  readonly #schema: RecordSchema<R>;
  readonly #adoptions: readonly Adoption[];
  /** The number of the newest epoch, whether it got as far as a record or not; 0 where there is none. */
  readonly #newest: number;
  /** How many epochs have begun. */
  readonly epochs: number;

  /** The epoch that goes on, and how much of it has been read; undefined while none has a record. */
  get end(): { readonly epoch: number; readonly bytes: number } | undefined {
    const last = this.#adoptions.at(-1);
    return last?.epoch === this.#newest ? last : undefined;
  }

  private constructor(folder: string, schema: RecordSchema<R>, found: FoundEpochs) {
    this.#folder = folder;
    this.#schema = schema;
    this.#adoptions = found.adoptions;
    this.#newest = found.epochs[0] ?? 0;
    this.epochs = found.epochs.length;
  }

  /** Of the ledger in a folder, which may be absent; in steps of a record each. Nothing is written. */
  static *read<R extends LedgerRecord>(folder: string, schema: RecordSchema<R>): Generator<void, LedgerHistory<R>> {
    const epochs = epochNumbers(folder);
    return new LedgerHistory(folder, schema, { epochs, adoptions: yield* adoptable(folder, epochs) });
  }

  /**
   * Calls `visit` with every record that counts, in order; with undefined for what is no record of ours. In steps of a
   * record each.
   * @throws bad-input where an older ledger no longer holds what was adopted from it
   */
  *visit(visit: (record: R | undefined) => void): Generator<void, void> {
    for (const { epoch, bytes, crc } of this.#adoptions) {
      const path = join(this.#folder, epochName(epoch), LEDGER_FILE);
      const held = yield* scanningRecords(
        path,
        (record) => {
          if (!adoptRecord.safeParse(record).success) visit(this.#schema.safeParse(record).data);
        },
        bytes,
      );
      if (held.bytes === bytes && held.crc === crc) continue;
      throw badInput({
        what: 'the ledger of an earlier run is damaged',
        file: path,
        expected: `${bytes} bytes with the CRC that a later run recorded`,
        remedy: 'use --restart to begin anew',
      });
    }
  }

  /**
   * Begins the next epoch, which adopts these records; with `anew` it adopts none, and older epochs are removed.
   * Undefined where another run has begun since this was read: it is to be read again.
   */
  begin({ durable = false, anew = false }: BeginOptions = {}): Ledger<R> | undefined {
    const epoch = this.#newest + 1;
    const folder = epochName(epoch);
    mkdirSync(this.#folder, { recursive: true });
    try {
      mkdirSync(join(this.#folder, folder));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      throw error;
    }
    const log = RecordLog.open(join(this.#folder, folder, LEDGER_FILE), { durable });
    const epochs = anew ? [] : [...this.#adoptions];
    log.append({ type: 'adopt', epochs } satisfies AdoptRecord);
    if (anew) for (const older of epochNumbers(this.#folder)) if (older < epoch) this.#remove(older);
    return new Ledger({ root: this.#folder, epoch, folder, log });
  }

  #remove(epoch: number): void {
    rmSync(join(this.#folder, epochName(epoch)), { recursive: true, force: true });
  }
}

/** Reads a ledger that another process may be writing, again and again. */
export class LedgerFollower<R extends LedgerRecord> {
  readonly #folder: string;
  readonly #schema: RecordSchema<R>;
  #end: { readonly epoch: number; readonly bytes: number } | undefined;

  constructor(folder: string, schema: RecordSchema<R>) {
    this.#folder = folder;
    this.#schema = schema;
  }

  /**
   * Calls `visit` with the records that came since the last call; with all of them where a new run has begun.
   * @throws bad-input where an older ledger no longer holds what was adopted from it
   */
  next(visit: (record: R) => void): void {
    const checked = (record: object | undefined) => {
      const { data } = this.#schema.safeParse(record);
      if (data !== undefined) visit(data);
    };
    if (this.#end === undefined || epochNumbers(this.#folder)[0] !== this.#end.epoch) {
      const history = atOnce(LedgerHistory.read(this.#folder, this.#schema));
      atOnce(history.visit(checked));
      this.#end = history.end;
      return;
    }
    const { epoch, bytes } = this.#end;
    const path = join(this.#folder, epochName(epoch), LEDGER_FILE);
    const added = scanRecords(path, checked, Number.POSITIVE_INFINITY, bytes);
    this.#end = { epoch, bytes: bytes + added.bytes };
  }
}

/** Epochs in a folder, the newest first, and what a next one takes over of them. */
interface FoundEpochs {
  readonly epochs: readonly number[];
  readonly adoptions: readonly Adoption[];
}

/** How an epoch begins. */
export interface BeginOptions {
  /** Every record waits for the disk. */
  readonly durable?: boolean;
  readonly anew?: boolean;
}

interface OpenedLedger {
  /** The folder of all epochs. */
  readonly root: string;
  readonly epoch: number;
  readonly folder: string;
  readonly log: RecordLog;
}

/** The open ledger of the epoch that this process owns. */
export class Ledger<R extends LedgerRecord> {
  readonly epoch: number;
  /** Name of the epoch's folder, which may hold files beside the ledger. */
  readonly folder: string;
  readonly #root: string;
  readonly #ownFolder: string;
  /** Of a run after this one: each is one above the newest that it finds. */
  readonly #laterFolder: string;
  readonly #log: RecordLog;

  constructor({ root, epoch, folder, log }: OpenedLedger) {
    this.epoch = epoch;
    this.folder = folder;
    this.#root = root;
    this.#ownFolder = join(root, folder);
    this.#laterFolder = join(root, epochName(epoch + 1));
    this.#log = log;
  }

  /**
   * When it returns, the records survive the death of the process.
   * @throws interrupted where a later run has taken the work over: they would never be read
   */
  append(...records: readonly R[]): void {
    this.assertNewest();
    this.#log.append(...records);
  }

  /** Whether no later run has begun, or even ended and removed what there was. */
  isNewest(): boolean {
    return !existsSync(this.#laterFolder) && existsSync(this.#ownFolder);
  }

  /** @throws interrupted where it is not the newest: whoever was taken for dead commits and publishes nothing any more */
  assertNewest(): void {
    if (this.isNewest()) return;
    throw new HalotileError('interrupted', {
      what: 'another run has taken this work over',
      file: this.#root,
      remedy: 'leave it to that one',
    });
  }

  close(): void {
    this.#log.close();
  }
}

/** Newest first. */
function epochNumbers(folder: string): number[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const numbers = names.flatMap((name) => EPOCH_NAME.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => b - a);
}

function epochName(epoch: number): string {
  return `epoch-${String(epoch).padStart(6, '0')}`;
}

/**
 * What a new epoch takes over: the adoptions of the newest epoch that got as far as its first record, and
 * that epoch itself up to its last whole record.
 */
function* adoptable(folder: string, epochs: readonly number[]): Generator<void, Adoption[]> {
  for (const epoch of epochs) {
    const directory = join(folder, epochName(epoch));
    // A link may lead to another's records.
    if (!lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) continue;
    let first: object | undefined;
    const held: LogPrefix = yield* scanningRecords(join(directory, LEDGER_FILE), (record) => {
      first ??= record;
    });
    const adopted = adoptRecord.safeParse(first);
    if (adopted.success) return [...adopted.data.epochs, { epoch, ...held }];
  }
  return [];
}
