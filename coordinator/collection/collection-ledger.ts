import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { isUrl } from '../../tiling/places/url.js';
import { fingerprintOf } from '../../tiling/sources/fingerprint.js';
import { writeWhole } from '../../tiling/stitch/publish.js';
import { encodeRecord, forEachRecord, RecordLog } from '../../tiling/stitch/record-log.js';
import { type MadeImage, madeImageSchema } from '../job/made-image.js';
import { outputState } from '../job/output-state.js';
import { SHARES } from './find-collection.js';

/** What is remembered of a finished image. */
const doneSchema = madeImageSchema.extend({
  /** Size, modification time and inode of the output. */
  print: z.tuple([z.string(), z.string(), z.string()]),
});

/** A finished image; one in a store has no print, since the object says itself what it is. */
export type DoneImage = MadeImage & Partial<Pick<z.output<typeof doneSchema>, 'print'>>;

/** What earlier runs finished. */
export interface EarlierImages {
  /** Bytes of their log that hold. */
  readonly bytes: number;
  /** What is remembered of an output that is still as it was left; undefined of any other. */
  of(output: string): Promise<DoneImage | undefined>;
  /** Whether an output is one that a run of this folder made or began. */
  knows(output: string): boolean;
  /** Writes the log anew where most of it counts no more; nobody else has it open. */
  tidy(): void;
}

/** What a run finishes. */
export interface ImageLedger {
  /** Outputs are going to be written: what lies at their names is no input of later runs. */
  begin(...outputs: readonly string[]): void;
  add(...images: readonly { readonly output: string; readonly made: MadeImage }[]): void;
  /** What this run made of an output that is still as it was left. */
  of(output: string): DoneImage | undefined;
  /** What this run made of an output; it made it. */
  made(output: string): DoneImage;
  close(): void;
}

/** An output is noted when it is begun, and again when it is done. */
const recordSchema = z.object({ output: z.string(), done: doneSchema.optional() });

/** Records beside those that count, from which on a ledger is written anew. */
const MAX_STALE = 10_000;

/**
 * Which outputs of a folder are finished, and as what: what a later run need not touch. A record says no more than that
 * a file in a certain state is the result of a digest, so that it holds whoever wrote it, and a lost one costs the
 * time of one image.
 */
export class EarlierOutputs implements EarlierImages {
  readonly #root: string;
  /** Undefined of outputs that were begun. */
  readonly #done = new Map<string, DoneImage | undefined>();
  readonly #records: number;
  #bytes: number;

  /** @param root folder of the outputs; what is remembered is `.halotile/collection.log` in it, if it is there */
  constructor(root: string) {
    this.#root = root;
    let records = 0;
    this.#bytes = forEachRecord(ledgerPath(root), (record) => {
      records++;
      const parsed = recordSchema.safeParse(record);
      if (parsed.success) this.#done.set(parsed.data.output, parsed.data.done);
    });
    this.#records = records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async of(output: string): Promise<DoneImage | undefined> {
    const done = this.#done.get(relative(this.#root, output));
    return done !== undefined && isAsLeft(output, done) ? done : undefined;
  }

  knows(output: string): boolean {
    return this.#done.has(relative(this.#root, output));
  }

  tidy(): void {
    if (this.#records - this.#done.size <= MAX_STALE) return;
    const lines = [...this.#done].map(([output, done]) => encodeRecord({ output, done }));
    writeWhole(ledgerPath(this.#root), lines);
    this.#bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
  }
}

/** What a run finishes in a folder. */
export class CollectionLedger implements ImageLedger {
  readonly #root: string;
  readonly #log: RecordLog;
  readonly #done = new Map<string, DoneImage>();

  /**
   * @param root folder of the outputs, whose state is open
   * @param validBytes of its log, as {@link EarlierOutputs} has just read it
   */
  constructor(root: string, validBytes: number) {
    this.#root = root;
    this.#log = RecordLog.open(ledgerPath(root), { validBytes });
  }

  of(output: string): DoneImage | undefined {
    const done = this.#done.get(output);
    return done !== undefined && isAsLeft(output, done) ? done : undefined;
  }

  made(output: string): DoneImage {
    return this.#done.get(output)!;
  }

  begin(...outputs: readonly string[]): void {
    this.#log.append(...outputs.map((output) => ({ output: relative(this.#root, output) })));
  }

  add(...images: readonly { readonly output: string; readonly made: MadeImage }[]): void {
    const finished = images.map(({ output, made }) => ({ output, done: { ...made, print: printOf(output)! } }));
    this.#log.append(...finished.map(({ output, done }) => ({ output: relative(this.#root, output), done })));
    for (const { output, done } of finished) this.#done.set(output, done);
  }

  close(): void {
    this.#log.close();
  }
}

/** Whether an output is still what was remembered of it; of an object this run has asked already. */
export function isAsLeft(output: string, { print }: DoneImage): boolean {
  if (isUrl(output)) return true;
  const now = printOf(output);
  return now?.every((part, index) => part === print?.[index]) ?? false;
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

function printOf(path: string): z.output<typeof doneSchema>['print'] | undefined {
  if (!existsSync(path)) return undefined;
  const { size, mtimeNs, inode } = fingerprintOf(path);
  return [size, mtimeNs, inode];
}
