import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { addFit, type FitSums, NO_FIT } from '../../tiling/palette/fit.js';
import type { Palette } from '../../tiling/palette/palette.js';
import { type Fingerprint, fingerprintOf } from '../../tiling/sources/fingerprint.js';
import { LedgerHistory } from '../../tiling/stitch/ledger.js';
import type { SpilledFrame } from '../../tiling/work/frames.js';
import {
  type CharacterRecord,
  characterRecordSchema,
  type FramePrint,
  type PreviewRecord,
  type SpillRecord,
} from './character-records.js';
import type { Character } from './frames/dataset.js';
import { FailureList } from './frames/failure-list.js';
import type { Frame } from './frames/frame-list.js';
import { FrameTable } from './frames/frame-table.js';
import type { CharacterSummary, FrameSample } from './report/character-summary.js';

/** Where a character stands, judged by its ledger and by what its files are now. */
export interface CharacterState {
  readonly table: FrameTable;
  /** `done`: nothing to do. `remap`: the palette holds. `count`: begin, with what spill files still hold. */
  readonly stage: 'count' | 'remap' | 'done';
  readonly palette: Palette | undefined;
  readonly summary: CharacterSummary | undefined;
  readonly failures: FailureList;
  readonly samples: ReadonlyMap<number, FrameSample>;
  /** Of the frames that are written. */
  readonly fit: FitSums;
  /** Of images that are large at their final size. */
  readonly previews: ReadonlyMap<number, PreviewRecord>;
  /** Distinct sizes of the frames as stored, "640×900". */
  readonly sourceSizes: ReadonlySet<string>;
  /**
   * How the ledger goes on: as it is, by another `begin` record over the frames that it knows, or with nothing of
   * it, because nothing in it holds any more or its character was finished.
   */
  readonly ledger: 'continue' | 'begin' | 'new';
  /** Outputs of frames that are no longer in the dataset. */
  readonly staleOutputs: readonly string[];
}

/** What the judgement of a ledger depends on. */
export interface LedgerQuestion {
  readonly spillDirectory: string;
  /** The character's folder of the output. */
  readonly output: string;
  readonly character: Character;
  /** Digest of everything beside the frames that decides the pixels. */
  readonly digest: string;
  /** Names of the files of its palette. */
  readonly paletteFiles: readonly string[];
  /** Whether frames that failed are to stay failed while they do not change. */
  readonly keepFailures: boolean;
}

/** The ledger of a character in its folder, in steps; nothing is written. */
export function characterHistory(folder: string): Generator<void, LedgerHistory<CharacterRecord>> {
  return LedgerHistory.read(folder, characterRecordSchema);
}

/**
 * Judges a character's ledger, in steps. A frame is unchanged while its size, time and inode are, or else its content
 * hash. Anything new, changed or gone, other options or another version, and the character begins again.
 * @throws bad-input where the ledger is damaged
 */
export function* characterState(
  history: LedgerHistory<CharacterRecord>,
  question: LedgerQuestion,
): Generator<void, CharacterState> {
  const reader = new LedgerReader(question);
  yield* history.visit((record) => {
    reader.take(record);
  });
  return reader.state();
}

/**
 * What tells one state of a frame's files from another.
 * @throws HalotileError bad-input where one cannot be seen
 */
export function printOf({ path, map }: Frame): FramePrint {
  const print = ({ size, mtimeNs, inode }: Fingerprint): FramePrint[0] => [size, mtimeNs, inode];
  return [print(fingerprintOf(path)), map === undefined ? null : print(fingerprintOf(map))];
}

/** Where a counted frame lies in its spill file, as the ledger keeps it: name, offset in bytes, width and height, CRC-32. */
export function spillRecord({ file, offset, size, crc }: SpilledFrame): SpillRecord {
  return [basename(file), offset, size.width, size.height, crc];
}

class LedgerReader {
  readonly #question: LedgerQuestion;
  readonly #table: FrameTable;
  readonly #failures = new FailureList();
  readonly #samples = new Map<number, FrameSample>();
  readonly #previews = new Map<number, PreviewRecord>();
  readonly #sourceSizes = new Set<string>();
  readonly #staleOutputs: string[] = [];
  #fit = NO_FIT;
  #sameDigest = false;
  #changed = false;
  #palette: Palette | undefined;
  #summary: CharacterSummary | undefined;

  constructor(question: LedgerQuestion) {
    this.#question = question;
    this.#table = new FrameTable(question.character.frames.length, question.spillDirectory);
  }

  /** What is no record of ours says that nothing holds. */
  take(record: CharacterRecord | undefined): void {
    if (record === undefined) this.#sameDigest = false;
    else if (record.type === 'begin') this.#begin(record.digest);
    else if (record.type === 'written') this.#takeWritten(record);
    else if (!this.#sameDigest) return;
    else if (record.type === 'frame') this.#takeFrame(record);
    else if (record.type === 'failed') this.#takeFailed(record);
    else if (record.type === 'palette') this.#palette = record.palette;
    else this.#summary = record.summary;
  }

  state(): CharacterState {
    const table = this.#table;
    const known = table.count((index) => table.isCounted(index) || table.isFailed(index));
    const same = this.#sameDigest && !this.#changed && (known === table.length || this.#palette === undefined);
    const counted = same && this.#palette !== undefined;
    const reusable = this.#sameDigest && this.#summary === undefined;
    return {
      table,
      stage: !counted ? 'count' : this.#isComplete() ? 'done' : 'remap',
      ledger: same ? 'continue' : reusable ? 'begin' : 'new',
      palette: counted ? this.#palette : undefined,
      summary: this.#summary,
      failures: this.#failures,
      samples: this.#samples,
      fit: this.#fit,
      previews: this.#previews,
      sourceSizes: this.#sourceSizes,
      staleOutputs: this.#staleOutputs,
    };
  }

  /** A new beginning keeps what is known of frames that have not changed, and nothing that follows from all. */
  #begin(digest: string): void {
    this.#sameDigest = digest === this.#question.digest;
    this.#changed = false;
    this.#palette = undefined;
    this.#summary = undefined;
    this.#samples.clear();
    this.#fit = NO_FIT;
    this.#table.clearWritten();
  }

  #takeFrame({
    name,
    print,
    hash,
    source,
    spilled,
    large,
    preview,
  }: Extract<CharacterRecord, { type: 'frame' }>): void {
    const index = this.#indexOf(name);
    if (index < 0 || !isUnchanged(this.#question.character.frames.at(index), print, hash)) {
      this.#changed = true;
      return;
    }
    this.#table.setCounted(index);
    if (large !== undefined) this.#table.setLarge(index, large);
    if (preview !== undefined) this.#previews.set(index, preview);
    this.#sourceSizes.add(source);
    if (spilled === null) return;
    const [file, offset, width, height, crc] = spilled;
    this.#table.setSpilled(index, { file, offset, size: { width, height }, crc });
  }

  #takeFailed({ name, print, error }: Extract<CharacterRecord, { type: 'failed' }>): void {
    const index = this.#indexOf(name);
    const { keepFailures, character } = this.#question;
    if (!keepFailures || index < 0 || print === null || !isUnchanged(character.frames.at(index), print, '')) {
      this.#changed = true;
      return;
    }
    if (!this.#table.isFailed(index)) this.#failures.add(index, error.detail);
    this.#table.setFailed(index);
  }

  #takeWritten({ name, file, bytes, fit, sample }: Extract<CharacterRecord, { type: 'written' }>): void {
    const index = this.#indexOf(name);
    const output = join(this.#question.output, file);
    // Of other options; a frame's PNG is written over, unless it is large now and has another name.
    if (index < 0 || (!this.#sameDigest && !file.endsWith('.png'))) this.#staleOutputs.push(output);
    else if (this.#sameDigest && statSync(output, { throwIfNoEntry: false })?.size === bytes) {
      // One that was removed and written again is in the ledger twice.
      if (fit !== null && !this.#table.isWritten(index)) this.#fit = addFit(this.#fit, fit);
      this.#table.setWritten(index);
      if (sample !== null) this.#samples.set(index, sample);
    }
  }

  #isComplete(): boolean {
    const table = this.#table;
    if (this.#summary === undefined) return false;
    if (table.count((index) => !table.isWritten(index) && !table.isFailed(index)) > 0) return false;
    return this.#question.paletteFiles.every((file) =>
      statSync(join(this.#question.output, file), { throwIfNoEntry: false }),
    );
  }

  #indexOf(name: string): number {
    return this.#question.character.frames.indexOf(name);
  }
}

function totalBytes(stats: readonly ({ readonly size: bigint } | undefined)[]): number {
  return stats.reduce((sum, stat) => sum + Number(stat?.size ?? 0), 0);
}

/** Frames of more bytes are counted again where their times have changed: hashing them here would hold up everything else. */
const MAX_HASHED_BYTES = 8 << 20;

/** The files are what they were: by size, time and inode, or by their content where its hash is known. */
function isUnchanged({ path, map }: Frame, [image, mapPrint]: FramePrint, hash: string): boolean {
  if ((map === undefined) !== (mapPrint === null)) return false;
  const files = map === undefined ? [path] : [path, map];
  const prints = mapPrint === null ? [image] : [image, mapPrint];
  const stats = files.map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }));
  if (stats.some((stat, place) => stat === undefined || `${stat.size}` !== prints[place]![0])) return false;
  const same = stats.every((stat, place) => {
    const [, mtimeNs, inode] = prints[place]!;
    return `${stat!.mtimeNs}` === mtimeNs && `${stat!.ino}` === inode;
  });
  if (same || hash === '' || totalBytes(stats) > MAX_HASHED_BYTES) return same;
  const content = createHash('sha256');
  for (const file of files) content.update(readFileSync(file));
  return content.digest('hex').startsWith(hash);
}
