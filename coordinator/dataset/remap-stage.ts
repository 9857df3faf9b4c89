import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { breathing } from '../../tiling/breath.js';
import { qualityOf } from '../../tiling/palette/fit.js';
import type { Palette } from '../../tiling/palette/palette.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { Remap } from '../../tiling/palette/remap.js';
import type { FrameColours } from '../../tiling/work/frames.js';
import type { FrameSample, FrameToRemap } from '../../tiling/work/remap.js';
import type { PreviewRecord } from './character-records.js';
import { findingOf } from './dataset-context.js';
import { type CharacterSummary, sampleOf } from './report/character-summary.js';
import type { RunningCharacter } from './running-character.js';
import { writeLarge } from './write-large.js';
import { writePaletteFiles } from './write-palette-files.js';

/** Distinct source sizes that a summary names. */
const NAMED_SIZES = 8;

/** Writes the frames of a character that are not yet written, then the palette's files. */
export async function writeCharacter(running: RunningCharacter, palette: Palette): Promise<CharacterSummary> {
  const { context, place, table } = running;
  const isReadable = (index: number) => !table.isFailed(index);
  const isLarge = (index: number) => table.large(index)?.atFinalSize === true;
  const isUnwritten = (index: number) => isReadable(index) && !table.isWritten(index);
  const readable = table.count(isReadable);
  const sampled = sampleOf(table.where(isReadable), readable);
  await makeFolders(running);
  context.counts.reused(readable - table.count(isUnwritten));
  const toWrite = table.where((index) => isUnwritten(index) && !isLarge(index));
  await context.gate.each(running.batches(toWrite), (indices) => remap(running, indices, palette, sampled));
  const toFilter = table.where((index) => isUnwritten(index) && isLarge(index));
  for (const index of toFilter) await writeLargeFrame(running, index, palette, sampled.has(index));
  const failed = table.where((each) => table.isFailed(each));
  for await (const index of breathing(failed)) rmSync(running.outputOf(index), { force: true });
  const summary = summaryOf(running, palette, readable, sampled);
  writePaletteFiles(place.output, summary, { job: context.shown.job, version: context.version });
  running.record({ type: 'done', summary });
  rmSync(place.spill, { recursive: true, force: true });
  rmSync(place.images, { recursive: true, force: true });
  return summary;
}

/** The folders of the outputs; frames of one folder mostly follow each other. */
async function makeFolders(running: RunningCharacter): Promise<void> {
  let last = '';
  for await (const index of breathing(running.table.where(() => true))) {
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
  const { table, context } = running;
  const { making, counts } = context;
  const frames: FrameToRemap[] = [];
  for (const index of indices) {
    const spilled = table.spilled(index) ?? null;
    const { path, map } = running.frame(index);
    frames.push({ index, path, map, spilled, output: running.outputOf(index), sample: sampled.has(index) });
  }
  const written = await findingOf(context, 'remap', { ...making, frames, ...coloursOf(running, palette) });
  running.record(...written.map((frame) => running.written(frame)));
  counts.written(written);
}

async function writeLargeFrame(
  running: RunningCharacter,
  index: number,
  palette: Palette,
  sampled: boolean,
): Promise<void> {
  const colours = coloursOf(running, palette);
  const bytes = await writeLarge(running, index, colours);
  const preview = running.previews.get(index);
  const written = { index, bytes, fit: null, sample: sampled && preview ? sampleIn(colours, preview) : null };
  running.record(running.written(written));
  running.context.counts.written([written]);
}

/** A small image before and after it takes the colours of a palette. */
function sampleIn(
  { palette, target, dither, space }: FrameColours,
  [width, height, base64]: PreviewRecord,
): FrameSample {
  const before = new Uint8Array(Buffer.from(base64, 'base64'));
  const remap = new Remap(palette, { target, dither, space });
  return {
    before: encodeRgbaPng(before, { width, height }),
    after: encodeRgbaPng(remap.painted(before, remap.frame(before, width)), { width, height }),
  };
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
    quality: qualityOf(running.fit),
    failures: running.failureList(),
    sourceSizes: [...sourceSizes].sort().slice(0, NAMED_SIZES),
    samples: [...samples]
      .filter(([index]) => sampled.has(index))
      .sort(([a], [b]) => a - b)
      .map(([, each]) => each),
  };
}

function coloursOf({ context }: RunningCharacter, { colors }: Palette): FrameColours {
  const { dither, remapSpace: space } = context.job.palette;
  return { palette: colors.map(({ rgb }) => rgb), target: context.target, dither, space };
}
