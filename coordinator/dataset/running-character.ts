import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorRecord, fromErrorRecord, sentenceOf } from '../../tiling/errors.js';
import { area, type Size } from '../../tiling/geometry/rect.js';
import { addFit, type FitSums, NO_FIT } from '../../tiling/palette/fit.js';
import type { Ledger } from '../../tiling/stitch/ledger.js';
import { textOf } from '../../tiling/words.js';
import type { RemappedFrame } from '../../tiling/work/remap.js';
import { outputState } from '../job/output-state.js';
import { type CharacterState, printOf } from './character-ledger.js';
import type { CharacterRecord, FramePrint, PreviewRecord } from './character-records.js';
import type { DatasetContext } from './dataset-context.js';
import type { Character } from './frames/dataset.js';
import type { FailureList } from './frames/failure-list.js';
import type { Frame } from './frames/frame-list.js';
import type { FrameTable } from './frames/frame-table.js';
import type { OpenedLarge } from './large-images.js';
import type { CharacterSummary, FrameSample } from './report/character-summary.js';

/** Frames of one task at most; fewer where a character is small, so that all slots get some. */
const BATCH = 32;
/** Bytes that a task reads, but for one frame that is larger: large frames are tasks of their own. */
const BATCH_BYTES = 16 << 20;

/** Where a character's files lie. */
export interface CharacterPlace {
  readonly output: string;
  /** Folder of its ledger. */
  readonly state: string;
  readonly spill: string;
  /** Of large images: inputs converted for random access, and files on the way to a PNG. */
  readonly images: string;
}

/** The places of a character below a job's output folder. */
export function characterPlace(output: string, name: string): CharacterPlace {
  const state = join(outputState(output), name);
  return {
    output: join(output, name),
    state,
    spill: join(state, 'spill'),
    images: join(state, 'images'),
  };
}

/** A character under way: what its ledger said, and what its stages have added to it since. */
export class RunningCharacter {
  readonly table: FrameTable;
  readonly sourceSizes: Set<string>;
  readonly samples: Map<number, FrameSample>;
  readonly previews: Map<number, PreviewRecord>;
  readonly failures: FailureList;
  /** Of the frames that are written. */
  fit: FitSums;
  readonly #ledger: Ledger<CharacterRecord>;

  constructor(
    readonly character: Character,
    readonly context: DatasetContext,
    readonly place: CharacterPlace,
    state: CharacterState,
    ledger: Ledger<CharacterRecord>,
  ) {
    this.table = state.table;
    this.sourceSizes = new Set(state.sourceSizes);
    this.samples = new Map(state.samples);
    this.previews = new Map(state.previews);
    this.failures = state.failures;
    this.fit = state.fit;
    this.#ledger = ledger;
  }

  /** Starts anew over what is known of frames. */
  begin(): void {
    this.table.clearWritten();
    this.samples.clear();
    this.fit = NO_FIT;
    this.record({ type: 'begin', digest: this.context.digest });
  }

  record(...records: CharacterRecord[]): void {
    this.#ledger.append(...records);
  }

  frame(index: number): Frame {
    return this.character.frames.at(index);
  }

  outputOf(index: number): string {
    return join(this.place.output, this.#fileOf(index));
  }

  /** Images that are large at their final size may have another format than frames. */
  #fileOf(index: number): string {
    const isLarge = this.table.large(index)?.atFinalSize === true;
    return `${this.character.frames.stemOf(index)}.${isLarge ? this.context.job.largeFormat : 'png'}`;
  }

  /** Null where the frame cannot be seen. Taken before it is read, so that a change meanwhile shows in the next run. */
  printOf(index: number): FramePrint | null {
    try {
      return printOf(this.frame(index));
    } catch {
      return null;
    }
  }

  /** A large image after its chain, at its final size. */
  finalSize({ plan: { output } }: OpenedLarge): Size {
    return this.context.making.size ?? { width: output.width, height: output.height };
  }

  /** The ledger's words for a size as stored. */
  sourceSize({ width, height }: Size): string {
    const text = `${width}×${height}`;
    this.sourceSizes.add(text);
    return text;
  }

  /**
   * The record of a frame that cannot be read.
   * @throws HalotileError where failures stop the job
   */
  failed(index: number, error: ErrorRecord, print: FramePrint | null): CharacterRecord {
    if (this.context.job.onError === 'fail') throw fromErrorRecord(error);
    this.table.setFailed(index);
    this.failures.add(index, error.detail);
    return { type: 'failed', name: this.frame(index).name, print, error };
  }

  /** The record of a frame whose output is there. */
  written({
    index,
    bytes,
    fit,
    sample,
  }: Omit<RemappedFrame, 'fit'> & { readonly fit: FitSums | null }): CharacterRecord {
    const { name } = this.frame(index);
    const base64 = (png: Uint8Array) => Buffer.from(png).toString('base64');
    const kept = sample === null ? null : { frame: name, before: base64(sample.before), after: base64(sample.after) };
    if (kept !== null) this.samples.set(index, kept);
    if (fit !== null) this.fit = addFit(this.fit, fit);
    this.table.setWritten(index);
    return { type: 'written', name, file: this.#fileOf(index), bytes, fit, sample: kept };
  }

  failureList(): CharacterSummary['failures'] {
    return this.failures.first().map(({ index, detail }) => {
      return { frame: this.frame(index).name, message: textOf(sentenceOf(detail), this.context.shown.nameOf) };
    });
  }

  /** Indices in groups that are one task each, ascending. */
  *batches(indices: Iterable<number>): Generator<readonly number[]> {
    const size = Math.min(BATCH, Math.ceil(this.table.length / (this.context.executor.slots * 2)));
    let batch: number[] = [];
    let bytes = 0;
    for (const index of indices) {
      const more = this.#bytesOf(index);
      if (batch.length > 0 && (batch.length === size || bytes + more > BATCH_BYTES)) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      batch.push(index);
      bytes += more;
    }
    if (batch.length > 0) yield batch;
  }

  /** What reading a frame takes; 0 where it cannot be seen. */
  #bytesOf(index: number): number {
    const spilled = this.table.spilled(index);
    if (spilled !== undefined) return area(spilled.size) * 4;
    return statSync(this.frame(index).path, { throwIfNoEntry: false })?.size ?? 0;
  }
}
