import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { badInput, fromErrorRecord, type HalotileError } from '../../tiling/errors.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type { CountReply, FrameExecutor, FrameToCount, FrameToRemap } from '../../tiling/palette/frame-execution.js';
import type { Palette } from '../../tiling/palette/palette.js';
import type { PaletteJob } from '../../tiling/palette/palette-job.js';
import type { Rgb } from '../../tiling/palette/remap.js';
import { RecordLog } from '../../tiling/stitch/record-log.js';
import {
  type CharacterRecord,
  type CharacterState,
  printOf,
  readCharacterState,
  spillRecord,
} from './character-ledger.js';
import { type CharacterSummary, type FrameSample, sampleOf } from './character-summary.js';
import { type Character, outputName } from './dataset.js';
import type { DatasetCounts } from './dataset-counts.js';
import type { SpillBudget } from './spill-budget.js';
import type { TaskGate } from './task-gate.js';
import { writePaletteFiles } from './write-palette-files.js';

/** Frames of one task at most; fewer where a character is small, so that all slots get some. */
const BATCH = 32;
/** Distinct source sizes that a summary names. */
const NAMED_SIZES = 8;

/** What all characters of a job share. */
export interface DatasetContext {
  readonly job: PaletteJob;
  readonly executor: FrameExecutor;
  readonly gate: TaskGate;
  readonly budget: SpillBudget;
  readonly target: readonly Rgb[] | null;
  /** Digest of everything beside the frames that decides the pixels. */
  readonly digest: string;
  readonly version: string;
  readonly counts: DatasetCounts;
}

/**
 * Takes one character from wherever its ledger says it stands to its written frames and palette files, in
 * three stages: count, palette, remap. It may die anywhere; the same call continues it.
 * @throws HalotileError
 */
export async function runCharacter(character: Character, context: DatasetContext): Promise<CharacterSummary> {
  const { job, digest, counts } = context;
  const place = characterPlace(job.output, character.name);
  const state = readCharacterState({
    path: place.ledger,
    spillDirectory: place.spill,
    output: place.output,
    character,
    digest,
    keepFailures: job.onError === 'skip',
  });
  if (state.stage === 'done') {
    counts.characterReused(state.summary!.written);
    return state.summary!;
  }
  mkdirSync(place.output, { recursive: true });
  mkdirSync(dirname(place.ledger), { recursive: true });
  for (const output of state.staleOutputs) rmSync(output, { force: true });
  if (state.ledger === 'new') rmSync(place.ledger, { force: true });
  const log = RecordLog.open(place.ledger);
  try {
    const run = new CharacterRun(character, context, place, state, log);
    if (state.ledger !== 'continue') run.begin();
    return await run.finish(state.palette ?? (await run.findPalette()));
  } finally {
    log.close();
    context.budget.release(place.spill);
  }
}

interface CharacterPlace {
  readonly output: string;
  readonly ledger: string;
  readonly spill: string;
}

function characterPlace(output: string, name: string): CharacterPlace {
  const state = join(output, '.halotile', name);
  return { output: join(output, name), ledger: join(state, 'ledger'), spill: join(state, 'spill') };
}

class CharacterRun {
  readonly #failures: Map<number, CharacterSummary['failures'][number]['message']>;
  readonly #samples: Map<number, FrameSample>;
  readonly #sourceSizes: Set<string>;
  readonly #batch: number;

  constructor(
    private readonly character: Character,
    private readonly context: DatasetContext,
    private readonly place: CharacterPlace,
    private readonly state: CharacterState,
    private readonly log: RecordLog,
  ) {
    this.#failures = new Map([...state.failures].map(([index, error]) => [index, fromErrorRecord(error).message]));
    this.#samples = new Map(state.samples);
    this.#sourceSizes = new Set(state.sourceSizes);
    this.#batch = Math.min(BATCH, Math.ceil(character.frames.length / (context.executor.slots * 2)));
  }

  begin(): void {
    this.state.table.clearWritten();
    this.#samples.clear();
    this.#record({ type: 'begin', digest: this.context.digest });
  }

  /** Counts all frames, those in spill files from there, and finds the palette. */
  async findPalette(): Promise<Palette> {
    const { executor, gate } = this.context;
    const counts = new ColourCounts();
    const { table } = this.state;
    const toCount = table.where((index) => !table.isFailed(index));
    await gate.each(inBatches(toCount, this.#batch), async (indices) => {
      counts.merge(ColourCounts.fromBytes(await this.#count(indices)));
    });
    if (counts.pixels === 0) throw this.#noColours();
    const { palette: options } = this.context.job;
    const palette = await gate.run(() => executor.findPalette({ counts: counts.toBytes(), options }));
    this.#record({ type: 'palette', palette });
    return palette;
  }

  /** Writes the frames that are not yet written, then the palette's files. */
  async finish(palette: Palette): Promise<CharacterSummary> {
    const { table } = this.state;
    const { context, character, place } = this;
    const readable = [...table.where((index) => !table.isFailed(index))];
    const sampled = sampleOf(readable);
    const folders = new Set(character.frames.map((frame) => dirname(join(place.output, outputName(frame)))));
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    context.counts.reused(readable.filter((index) => table.isWritten(index)).length);
    const toWrite = table.where((index) => !table.isFailed(index) && !table.isWritten(index));
    await context.gate.each(inBatches(toWrite, this.#batch), (indices) => this.#remap(indices, palette, sampled));
    for (const index of this.#failures.keys()) rmSync(this.#outputOf(index), { force: true });
    const summary = this.#summary(palette, readable, sampled);
    writePaletteFiles(place.output, summary, context);
    this.#record({ type: 'done', summary });
    rmSync(place.spill, { recursive: true, force: true });
    return summary;
  }

  async #count(indices: readonly number[]): Promise<Uint8Array> {
    const { executor, job, budget, counts } = this.context;
    const prints = new Map(indices.map((index) => [index, this.#print(index)]));
    const frames = indices.map((index): FrameToCount => {
      const spilled = this.state.table.spilled(index);
      const { path } = this.character.frames[index]!;
      return spilled === undefined ? { index, path } : { index, path, spilled };
    });
    const spill = budget.hasRoom() ? this.place.spill : null;
    const reply = await executor.countFrames({ frames, size: job.size, spill });
    this.#takeCounted(reply, prints);
    counts.counted(indices.length, reply.bytesRead);
    return reply.counts;
  }

  #takeCounted({ frames, failures }: CountReply, prints: ReadonlyMap<number, ReturnType<typeof printOf> | null>): void {
    const { table } = this.state;
    const records: CharacterRecord[] = [];
    for (const { index, contentHash, source, spilled } of frames) {
      table.setCounted(index);
      if (spilled !== null) {
        table.setSpilled(index, spilled);
        this.context.budget.take(this.place.spill, spilled.size.width * spilled.size.height * 4);
      }
      if (contentHash === '') continue;
      const sourceSize = `${source.width}×${source.height}`;
      this.#sourceSizes.add(sourceSize);
      const place = spilled === null ? null : spillRecord(spilled);
      const name = this.character.frames[index]!.name;
      const print = prints.get(index)!;
      records.push({ type: 'frame', name, print, hash: contentHash, source: sourceSize, spilled: place });
    }
    for (const { index, error } of failures) {
      if (this.context.job.onError === 'fail') {
        this.#record(...records);
        throw fromErrorRecord(error);
      }
      table.setFailed(index);
      this.#failures.set(index, fromErrorRecord(error).message);
      const name = this.character.frames[index]!.name;
      records.push({ type: 'failed', name, print: prints.get(index)!, error });
    }
    this.#record(...records);
  }

  async #remap(indices: readonly number[], palette: Palette, sampled: ReadonlySet<number>): Promise<void> {
    const { executor, job, target, counts } = this.context;
    const frames = indices.map((index): FrameToRemap => {
      const spilled = this.state.table.spilled(index) ?? null;
      const { path } = this.character.frames[index]!;
      return { index, path, spilled, output: this.#outputOf(index), sample: sampled.has(index) };
    });
    const colours = palette.colors.map(({ rgb }) => rgb);
    const outputs = await executor.remapFrames({ frames, size: job.size, palette: colours, target });
    const records = outputs.map(({ index, bytes, sample }): CharacterRecord => {
      const { name } = this.character.frames[index]!;
      const base64 = (png: Uint8Array) => Buffer.from(png).toString('base64');
      const kept = sample === null ? null : { frame: name, before: base64(sample.before), after: base64(sample.after) };
      if (kept !== null) this.#samples.set(index, kept);
      this.state.table.setWritten(index);
      return { type: 'written', name, bytes, sample: kept };
    });
    this.#record(...records);
    counts.written(outputs);
  }

  #summary(palette: Palette, readable: readonly number[], sampled: ReadonlySet<number>): CharacterSummary {
    const { character } = this;
    return {
      character: character.name,
      frames: character.frames.length,
      written: readable.length,
      palette,
      target: this.context.target,
      failures: this.#failureList(),
      sourceSizes: [...this.#sourceSizes].sort().slice(0, NAMED_SIZES),
      samples: [...this.#samples]
        .filter(([index]) => sampled.has(index))
        .sort(([a], [b]) => a - b)
        .map(([, each]) => each),
    };
  }

  #failureList(): CharacterSummary['failures'] {
    const inOrder = [...this.#failures].sort(([a], [b]) => a - b);
    return inOrder.map(([index, message]) => ({ frame: this.character.frames[index]!.name, message }));
  }

  #noColours(): HalotileError {
    const { frames, name } = this.character;
    const unread = this.#failures.size === 0 ? '' : `, ${this.#failures.size} of which cannot be read`;
    return badInput({
      what: `no opaque pixel in ${frames.length} frames${unread}`,
      where: `character ${name}`,
      expected: 'at least one pixel with alpha above 0',
      remedy: this.context.job.onError === 'fail' ? 'remove it, or use --on-error skip' : 'remove it',
    });
  }

  #outputOf(index: number): string {
    return join(this.place.output, outputName(this.character.frames[index]!));
  }

  /** Taken before the frame is read, so that a change meanwhile shows in the next run. */
  #print(index: number): ReturnType<typeof printOf> | null {
    try {
      return printOf(this.character.frames[index]!.path);
    } catch {
      return null;
    }
  }

  #record(...records: CharacterRecord[]): void {
    this.log.append(...records);
  }
}

function* inBatches(indices: Iterable<number>, size: number): Generator<readonly number[]> {
  let batch: number[] = [];
  for (const index of indices) {
    batch.push(index);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
