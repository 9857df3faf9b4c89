import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { fingerprintOf } from '../../tiling/sources/fingerprint.js';
import { writeWhole } from '../../tiling/stitch/publish.js';
import { encodeRecord, forEachRecord, RecordLog } from '../../tiling/stitch/record-log.js';
import { outputState } from '../job/output-state.js';
import { SHARES } from './find-collection.js';

/** What is remembered of a finished image. */
const doneSchema = z.object({
  /** Of everything that decides the output: operations, options, release, and the state of all inputs. */
  digest: z.string(),
  /** Size, modification time and inode of the output. */
  print: z.tuple([z.string(), z.string(), z.string()]),
  width: z.number(),
  height: z.number(),
  crc: z.string(),
  seconds: z.number(),
  pixelsRead: z.number(),
  pixelsWithMaxHalo: z.number(),
  mapMax: z.number(),
  tiles: z.number(),
});

/** A finished image. */
export type DoneImage = z.output<typeof doneSchema>;

/** An output is noted when it is begun, and again when it is done. */
const recordSchema = z.object({ output: z.string(), done: doneSchema.optional() });

/** Records beside those that count, from which on a ledger is written anew. */
const MAX_STALE = 10_000;

/**
 * Which outputs of a folder are finished, and as what: what a later run need not touch. A record says no more than that
 * a file in a certain state is the result of a digest, so that it holds whoever wrote it, and a lost one costs the
 * time of one image.
 */
export class EarlierOutputs {
  readonly #root: string;
  /** Undefined of outputs that were begun. */
  protected readonly done = new Map<string, DoneImage | undefined>();
  /** Records that were read, some of them of one output. */
  protected readonly records: number;

  /** @param root folder of the outputs; what is remembered is `.halotile/collection.log` in it, if it is there */
  constructor(root: string) {
    this.#root = root;
    let records = 0;
    forEachRecord(ledgerPath(root), (record) => {
      records++;
      const parsed = recordSchema.safeParse(record);
      if (parsed.success) this.done.set(parsed.data.output, parsed.data.done);
    });
    this.records = records;
  }

  /** What is remembered of an output that is still as it was left; undefined of any other. */
  of(output: string): DoneImage | undefined {
    const done = this.done.get(this.nameOf(output));
    if (done === undefined) return undefined;
    const print = printOf(output);
    return print?.every((part, index) => part === done.print[index]) ? done : undefined;
  }

  /** Whether an output is one that a run of this folder made or began. */
  knows(output: string): boolean {
    return this.done.has(this.nameOf(output));
  }

  protected nameOf(output: string): string {
    return relative(this.#root, output);
  }
}

/** What earlier runs finished, and what this one does. */
export class CollectionLedger extends EarlierOutputs {
  readonly #log: RecordLog;

  /** @param root folder of the outputs, whose state is open */
  constructor(root: string) {
    super(root);
    const path = ledgerPath(root);
    if (this.records - this.done.size > MAX_STALE) writeWhole(path, this.#lines());
    this.#log = RecordLog.open(path);
  }

  /** An output is going to be written: what lies at its name is no input of later runs. */
  begin(output: string): void {
    const name = this.nameOf(output);
    if (this.done.has(name)) return;
    this.#log.append({ output: name });
    this.done.set(name, undefined);
  }

  add(output: string, done: Omit<DoneImage, 'print'>): DoneImage {
    const record = { output: this.nameOf(output), done: { ...done, print: printOf(output)! } };
    this.#log.append(record);
    this.done.set(record.output, record.done);
    return record.done;
  }

  close(): void {
    this.#log.close();
  }

  *#lines(): Generator<string> {
    for (const [output, done] of this.done) yield encodeRecord({ output, done });
  }
}

/** The outputs that runs of single shares of a collection made or began; see {@link SHARES}. */
export function outputsOfShares(root: string): ReadonlySet<string> {
  const outputs = new Set<string>();
  const shares = join(root, SHARES);
  for (const share of existsSync(shares) ? readdirSync(shares) : []) {
    forEachRecord(ledgerPath(join(shares, share)), (record) => {
      const parsed = recordSchema.safeParse(record);
      if (parsed.success) outputs.add(join(shares, share, parsed.data.output));
    });
  }
  return outputs;
}

function ledgerPath(root: string): string {
  return join(outputState(root), 'collection.log');
}

function printOf(path: string): DoneImage['print'] | undefined {
  if (!existsSync(path)) return undefined;
  const { size, mtimeNs, inode } = fingerprintOf(path);
  return [size, mtimeNs, inode];
}
