import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { badInput, type ErrorRecord, fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { area, type Size } from '../../tiling/geometry/rect.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type {
  CountReply,
  FrameExecutor,
  FrameMaking,
  FrameToCount,
  FrameToRemap,
  RasterFile,
  RemappedOutput,
} from '../../tiling/palette/frame-execution.js';
import type { Palette } from '../../tiling/palette/palette.js';
import type { Rgb } from '../../tiling/palette/remap.js';
import { RecordLog } from '../../tiling/stitch/record-log.js';
import { countBanded, writeBanded } from './banded-frame.js';
import {
  type CharacterRecord,
  type CharacterState,
  type FramePrint,
  printOf,
  readCharacterState,
  spillRecord,
} from './character-ledger.js';
import { type CharacterSummary, type FrameSample, sampleOf } from './character-summary.js';
import { type Character, outputName } from './dataset.js';
import type { DatasetCounts } from './dataset-counts.js';
import type { LargeImage } from './frame-table.js';
import type { LargeImages } from './large-images.js';
import type { SpillBudget } from './spill-budget.js';
import type { TaskGate } from './task-gate.js';
import { writePaletteFiles } from './write-palette-files.js';

/** Frames of one task at most; fewer where a character is small, so that all slots get some. */
const BATCH = 32;
/** Distinct source sizes that a summary names. */
const NAMED_SIZES = 8;
/** Longest side of the small image that stands for a large one in a report. */
const SAMPLE_SIDE = 128;
/** What is wrong with the image or with the chain on it, not with this run. */
const IMAGE_FAULTS: ReadonlySet<string> = new Set(['bad-input', 'bad-usage', 'over-limit']);

/** What all characters of a job share. */
export interface DatasetContext {
  readonly job: DatasetSpec;
  readonly executor: FrameExecutor;
  readonly gate: TaskGate;
  readonly budget: SpillBudget;
  readonly making: FrameMaking;
  readonly large: LargeImages;
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
  /** Of large images after their chain. */
  readonly images: string;
}

function characterPlace(output: string, name: string): CharacterPlace {
  const state = join(output, '.halotile', name);
  return {
    output: join(output, name),
    ledger: join(state, 'ledger'),
    spill: join(state, 'spill'),
    images: join(state, 'images'),
  };
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
    const isLarge = (index: number) => table.large(index) !== undefined && table.spilled(index) === undefined;
    const large: { index: number; source: Size | null }[] = [
      ...table.where((index) => !table.isFailed(index) && isLarge(index)),
    ].map((index) => {
      return { index, source: null };
    });
    const toCount = table.where((index) => !table.isFailed(index) && !isLarge(index));
    await gate.each(inBatches(toCount, this.#batch), async (indices) => {
      const reply = await this.#count(indices);
      counts.merge(ColourCounts.fromBytes(reply.counts));
      large.push(...reply.large);
    });
    for (const each of large.sort((a, b) => a.index - b.index)) await this.#countLarge(each, counts);
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
    const isBanded = (index: number) => table.large(index)?.banded === true;
    const unwritten = readable.filter((index) => !table.isWritten(index));
    const toWrite = unwritten.filter((index) => !isBanded(index));
    await context.gate.each(inBatches(toWrite, this.#batch), (indices) => this.#remap(indices, palette, sampled));
    for (const index of unwritten.filter(isBanded)) await this.#writeBanded(index, palette, sampled.has(index));
    for (const index of this.#failures.keys()) rmSync(this.#outputOf(index), { force: true });
    const summary = this.#summary(palette, readable, sampled);
    writePaletteFiles(place.output, summary, context);
    this.#record({ type: 'done', summary });
    rmSync(place.spill, { recursive: true, force: true });
    rmSync(place.images, { recursive: true, force: true });
    return summary;
  }

  async #count(indices: readonly number[]): Promise<CountReply> {
    const { executor, making, budget, counts } = this.context;
    const prints = new Map(indices.map((index) => [index, this.#print(index)]));
    const frames = indices.map((index): FrameToCount => {
      const spilled = this.state.table.spilled(index);
      const { path, map } = this.character.frames[index]!;
      return { index, path, map, spilled };
    });
    const spill = budget.hasRoom() ? this.place.spill : null;
    const reply = await executor.countFrames({ ...making, frames, spill });
    this.#takeCounted(reply, prints);
    counts.counted(indices.length - reply.large.length, reply.bytesRead);
    return reply;
  }

  /** Filters an image that is too large to be held and counts its colours, by rects at its final size. */
  async #countLarge({ index, source }: { index: number; source: Size | null }, counts: ColourCounts): Promise<void> {
    const { executor, making, budget, gate } = this.context;
    const { path } = this.character.frames[index]!;
    const prints = new Map([[index, this.#print(index)]]);
    try {
      const raster = await this.#raster(index);
      const size = this.#finalSize(raster);
      const stored = source ?? raster.info;
      if (area(size) <= making.wholePixels) {
        const frames = [{ index, path, raster }];
        const spill = budget.hasRoom() ? this.place.spill : null;
        const reply = await gate.run(() => executor.countFrames({ ...making, frames, spill }));
        this.#takeCounted(reply, prints, stored);
        counts.merge(ColourCounts.fromBytes(reply.counts));
        this.context.counts.counted(1, reply.bytesRead);
        return;
      }
      const banded = await countBanded({ raster, size }, this.context);
      counts.merge(banded.counts);
      this.#takeLarge(index, prints.get(index)!, stored, banded.large);
      this.context.counts.counted(1, banded.bytesRead);
    } catch (error) {
      if (gate.stopped || !(error instanceof HalotileError) || !IMAGE_FAULTS.has(error.tag)) throw error;
      this.#record(this.#failed(index, { tag: error.tag, detail: error.detail }, prints.get(index)!));
    }
  }

  #takeLarge(index: number, print: FramePrint | null, stored: Size, large: LargeImage): void {
    const { table } = this.state;
    table.setLarge(index, large);
    if (table.isCounted(index)) return;
    table.setCounted(index);
    const source = this.#sourceSize(stored);
    const { name } = this.character.frames[index]!;
    this.#record({ type: 'frame', name, print: print!, hash: '', source, spilled: null, large });
  }

  /** `stored` is the size of a large image as its file has it. */
  #takeCounted({ frames, failures }: CountReply, prints: ReadonlyMap<number, FramePrint | null>, stored?: Size): void {
    const { table } = this.state;
    const records: CharacterRecord[] = [];
    for (const { index, contentHash, source, spilled, fromSpill } of frames) {
      table.setCounted(index);
      if (spilled !== null) {
        table.setSpilled(index, spilled);
        this.context.budget.take(this.place.spill, spilled.size.width * spilled.size.height * 4);
      }
      if (fromSpill) continue;
      const sourceSize = this.#sourceSize(stored ?? source);
      const place = spilled === null ? null : spillRecord(spilled);
      const name = this.character.frames[index]!.name;
      const print = prints.get(index)!;
      const large = stored === undefined ? undefined : { banded: false, transparent: false, translucent: false };
      if (large !== undefined) table.setLarge(index, large);
      records.push({ type: 'frame', name, print, hash: contentHash, source: sourceSize, spilled: place, large });
    }
    this.#record(...records);
    this.#record(...failures.map(({ index, error }) => this.#failed(index, error, prints.get(index)!)));
  }

  /** @throws HalotileError where failures stop the job */
  #failed(index: number, error: ErrorRecord, print: FramePrint | null): CharacterRecord {
    if (this.context.job.onError === 'fail') throw fromErrorRecord(error);
    this.state.table.setFailed(index);
    this.#failures.set(index, fromErrorRecord(error).message);
    return { type: 'failed', name: this.character.frames[index]!.name, print, error };
  }

  #sourceSize({ width, height }: Size): string {
    const text = `${width}×${height}`;
    this.#sourceSizes.add(text);
    return text;
  }

  #raster(index: number): Promise<RasterFile> {
    return this.context.large.raster(this.character.frames[index]!, this.place.images);
  }

  #finalSize({ info }: RasterFile): Size {
    return this.context.making.size ?? { width: info.width, height: info.height };
  }

  async #remap(indices: readonly number[], palette: Palette, sampled: ReadonlySet<number>): Promise<void> {
    const { executor, making, target, counts } = this.context;
    const { table } = this.state;
    const frames: FrameToRemap[] = [];
    for (const index of indices) {
      const spilled = table.spilled(index) ?? null;
      const { path, map } = this.character.frames[index]!;
      const raster = spilled === null && table.large(index) !== undefined ? await this.#raster(index) : undefined;
      frames.push({ index, path, map, raster, spilled, output: this.#outputOf(index), sample: sampled.has(index) });
    }
    const outputs = await executor.remapFrames({ ...making, frames, palette: coloursOf(palette), target });
    this.#record(...outputs.map(({ index, bytes, sample }) => this.#written(index, bytes, sample)));
    counts.written(outputs);
  }

  async #writeBanded(index: number, palette: Palette, sampled: boolean): Promise<void> {
    const { executor, gate, making, target, counts } = this.context;
    const { path } = this.character.frames[index]!;
    const raster = await this.#raster(index);
    const size = this.#finalSize(raster);
    const colours = { palette: coloursOf(palette), target, large: this.state.table.large(index)! };
    const places = { folder: join(this.place.images, `${index}.bands`), output: this.#outputOf(index) };
    const bytes = await writeBanded({ raster, size }, colours, places, this.context);
    const share = SAMPLE_SIDE / Math.max(size.width, size.height);
    const side = (length: number) => Math.max(1, Math.round(length * Math.min(1, share)));
    const small = { ...making, size: { width: side(size.width), height: side(size.height) } };
    const frames = [{ index, path, raster, spilled: null, output: null, sample: true }];
    const [shown] = sampled
      ? await gate.run(() => executor.remapFrames({ ...small, frames, palette: colours.palette, target }))
      : [];
    this.#record(this.#written(index, bytes, shown?.sample ?? null));
    counts.written([{ index, bytes, sample: null }]);
  }

  #written(index: number, bytes: number, sample: RemappedOutput['sample']): CharacterRecord {
    const { name } = this.character.frames[index]!;
    const base64 = (png: Uint8Array) => Buffer.from(png).toString('base64');
    const kept = sample === null ? null : { frame: name, before: base64(sample.before), after: base64(sample.after) };
    if (kept !== null) this.#samples.set(index, kept);
    this.state.table.setWritten(index);
    return { type: 'written', name, bytes, sample: kept };
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
  #print(index: number): FramePrint | null {
    try {
      return printOf(this.character.frames[index]!);
    } catch {
      return null;
    }
  }

  #record(...records: CharacterRecord[]): void {
    this.log.append(...records);
  }
}

function coloursOf({ colors }: Palette): Rgb[] {
  return colors.map(({ rgb }) => rgb);
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
