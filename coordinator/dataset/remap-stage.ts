import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FrameToRemap } from '../../tiling/palette/frame-execution.js';
import type { Palette } from '../../tiling/palette/palette.js';
import type { Rgb } from '../../tiling/palette/remap.js';
import { type CharacterSummary, sampleOf } from './character-summary.js';
import type { RunningCharacter } from './running-character.js';
import { writeLarge } from './write-large.js';
import { writePaletteFiles } from './write-palette-files.js';

/** Distinct source sizes that a summary names. */
const NAMED_SIZES = 8;
/** Longest side of the small image that stands for a large one in a report. */
const SAMPLE_SIDE = 128;

/** Writes the frames of a character that are not yet written, then the palette's files. */
export async function writeCharacter(running: RunningCharacter, palette: Palette): Promise<CharacterSummary> {
  const { context, place, table } = running;
  const isReadable = (index: number) => !table.isFailed(index);
  const isBanded = (index: number) => table.large(index)?.banded === true;
  const isUnwritten = (index: number) => isReadable(index) && !table.isWritten(index);
  const readable = table.count(isReadable);
  const sampled = sampleOf(table.where(isReadable), readable);
  makeFolders(running);
  context.counts.reused(readable - table.count(isUnwritten));
  const toWrite = table.where((index) => isUnwritten(index) && !isBanded(index));
  await context.gate.each(running.batches(toWrite), (indices) => remap(running, indices, palette, sampled));
  const toBand = table.where((index) => isUnwritten(index) && isBanded(index));
  for (const index of toBand) await writeBandedFrame(running, index, palette, sampled.has(index));
  for (const index of table.where((each) => table.isFailed(each))) rmSync(running.outputOf(index), { force: true });
  const summary = summaryOf(running, palette, readable, sampled);
  writePaletteFiles(place.output, summary, { job: context.shown.job, version: context.version });
  running.record({ type: 'done', summary });
  rmSync(place.spill, { recursive: true, force: true });
  rmSync(place.images, { recursive: true, force: true });
  return summary;
}

/** The folders of the outputs; frames of one folder mostly follow each other. */
function makeFolders(running: RunningCharacter): void {
  let last = '';
  for (let index = 0; index < running.table.length; index++) {
    const folder = dirname(running.outputOf(index));
    if (folder === last) continue;
    mkdirSync(folder, { recursive: true });
    last = folder;
  }
}

async function remap(
  running: RunningCharacter,
  indices: readonly number[],
  palette: Palette,
  sampled: ReadonlySet<number>,
): Promise<void> {
  const { table } = running;
  const { executor, making, target, counts } = running.context;
  const frames: FrameToRemap[] = [];
  for (const index of indices) {
    const spilled = table.spilled(index) ?? null;
    const { path, map } = running.frame(index);
    const raster = spilled === null && table.large(index) !== undefined ? await running.raster(index) : undefined;
    frames.push({ index, path, map, raster, spilled, output: running.outputOf(index), sample: sampled.has(index) });
  }
  const outputs = await executor.remapFrames({ ...making, frames, palette: coloursOf(palette), target });
  running.record(...outputs.map((output) => running.written(output)));
  counts.written(outputs);
}

async function writeBandedFrame(
  running: RunningCharacter,
  index: number,
  palette: Palette,
  sampled: boolean,
): Promise<void> {
  const { executor, gate, making, target, counts } = running.context;
  const { path } = running.frame(index);
  const colours = { palette: coloursOf(palette), target };
  const { raster, size, bytes } = await writeLarge(running, index, colours);
  const share = SAMPLE_SIDE / Math.max(size.width, size.height);
  const side = (length: number) => Math.max(1, Math.round(length * Math.min(1, share)));
  const small = { ...making, size: { width: side(size.width), height: side(size.height) } };
  const frames = [{ index, path, raster, spilled: null, output: null, sample: true }];
  const [shown] = sampled ? await gate.run(() => executor.remapFrames({ ...small, ...colours, frames })) : [];
  const written = { index, bytes, sample: shown?.sample ?? null };
  running.record(running.written(written));
  counts.written([written]);
}

function summaryOf(
  running: RunningCharacter,
  palette: Palette,
  readable: number,
  sampled: ReadonlySet<number>,
): CharacterSummary {
  const { character, context, samples, sourceSizes } = running;
  return {
    character: character.name,
    frames: character.frames.length,
    written: readable,
    palette,
    target: context.target,
    failures: running.failureList(),
    sourceSizes: [...sourceSizes].sort().slice(0, NAMED_SIZES),
    samples: [...samples]
      .filter(([index]) => sampled.has(index))
      .sort(([a], [b]) => a - b)
      .map(([, each]) => each),
  };
}

function coloursOf({ colors }: Palette): Rgb[] {
  return colors.map(({ rgb }) => rgb);
}
