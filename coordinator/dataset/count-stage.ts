import { badInput, type ErrorRecord, HalotileError, sentenceOf } from '../../tiling/errors.js';
import { area, type Size } from '../../tiling/geometry/rect.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type { Palette } from '../../tiling/palette/palette.js';
import { said } from '../../tiling/words.js';
import type { CountValue, LargeFrame } from '../../tiling/work/count.js';
import type { FrameSource } from '../../tiling/work/frames.js';
import { spillRecord } from './character-ledger.js';
import type { CharacterRecord, FramePrint } from './character-records.js';
import { findingOf } from './dataset-context.js';
import type { LargeLook, OpenedLarge } from './large-images.js';
import { spillLarge } from './large-spill.js';
import type { RunningCharacter } from './running-character.js';

/** What is wrong with the image or with the chain on it, not with this run. */
const IMAGE_FAULTS: ReadonlySet<string> = new Set(['bad-input', 'bad-usage', 'over-limit']);

/**
 * Counts all frames of a character, those in spill files from there, and finds its palette.
 * @throws HalotileError bad-input where no frame has an opaque pixel
 */
export async function findCharacterPalette(running: RunningCharacter): Promise<Palette> {
  const { table, context } = running;
  const { gate, job } = context;
  const counts = new ColourCounts();
  const isLarge = (index: number) => table.large(index) !== undefined && table.spilled(index) === undefined;
  const known = table.where((index) => !table.isFailed(index) && isLarge(index));
  const large: { index: number; source: Size | null }[] = [...known].map((index) => ({ index, source: null }));
  const toCount = table.where((index) => !table.isFailed(index) && !isLarge(index));
  await gate.each(running.batches(toCount), async (indices) => {
    const found = await countBatch(running, indices);
    counts.merge(ColourCounts.fromBytes(found.counts));
    large.push(...found.large);
  });
  for (const each of large.sort((a, b) => a.index - b.index)) await countLarge(running, each, counts);
  if (counts.pixels === 0) throw noColours(running);
  const data = { counts: counts.toBytes(), options: job.palette };
  const palette = await gate.run(() => findingOf(context, 'find', data));
  running.record({ type: 'palette', palette });
  return palette;
}

async function countBatch(running: RunningCharacter, indices: readonly number[]): Promise<CountValue> {
  const { making, budget, counts } = running.context;
  const prints = new Map(indices.map((index) => [index, running.printOf(index)]));
  const frames = indices.map((index): FrameSource => {
    const { path, map } = running.frame(index);
    return { index, path, map, spilled: running.table.spilled(index) };
  });
  const spill = budget.hasRoom() ? running.place.spill : null;
  const found = await findingOf(running.context, 'count', { ...making, frames, spill });
  takeCounted(running, found, prints);
  counts.counted(indices.length - found.large.length, found.bytesRead);
  return found;
}

/** Looks at the colours of an image that is too large to be held, tile by tile. */
async function countLarge(
  running: RunningCharacter,
  { index, source }: Pick<LargeFrame, 'index'> & { readonly source: Size | null },
  counts: ColourCounts,
): Promise<void> {
  const { making, gate, large } = running.context;
  const print = running.printOf(index);
  try {
    const opened = await large.open(running.frame(index), running.place.images);
    const size = running.finalSize(opened);
    const whole = area(size) <= making.wholePixels;
    if (!whole) refuseDiffusion(running, running.frame(index).path, size);
    const look = await large.look(opened, size, { whole });
    counts.merge(look.counts);
    running.context.counts.counted(1, look.bytesRead);
    takeLarge(running, { index, print, stored: source ?? storedSize(opened), size }, look);
  } catch (error) {
    if (gate.stopped || !(error instanceof HalotileError) || !IMAGE_FAULTS.has(error.tag)) throw error;
    const record: ErrorRecord = { tag: error.tag, detail: error.detail };
    running.record(running.failed(index, record, print));
  }
}

/** Error diffusion goes from pixel to pixel through the whole image, which tiles cannot. */
function refuseDiffusion({ context }: RunningCharacter, path: string, { width, height }: Size): void {
  if (context.job.palette.dither !== 'floyd-steinberg') return;
  throw badInput({
    what: `${width}×${height} pixels are too many for dithering by floyd-steinberg, which holds an image whole`,
    file: path,
    expected: `at most ${context.making.wholePixels} pixels`,
    remedy: 'use ordered dithering, or give a smaller size',
  });
}

function storedSize({ inputs }: OpenedLarge): Size {
  return inputs.image.plan.info;
}

/** Keeps what a look at a large image has found: its pixels where they can be held, as those of any frame. */
function takeLarge(
  running: RunningCharacter,
  image: { readonly index: number; readonly print: FramePrint | null; readonly stored: Size; readonly size: Size },
  { rgba, preview, transparent, translucent }: LargeLook,
): void {
  const { table, context, place } = running;
  const { index, print, stored, size } = image;
  const large = { atFinalSize: rgba === undefined, transparent, translucent };
  table.setLarge(index, large);
  const spilled = rgba === undefined ? null : spillLarge(place.spill, { rgba, size });
  if (spilled !== null) {
    table.setSpilled(index, spilled);
    context.budget.take(place.spill, area(size) * 4);
  }
  const kept = [preview.size.width, preview.size.height, Buffer.from(preview.rgba).toString('base64')] as const;
  if (spilled === null) running.previews.set(index, kept);
  table.setCounted(index);
  const { name } = running.frame(index);
  running.record({
    ...{ type: 'frame', name, print: print!, hash: '', source: running.sourceSize(stored), large },
    spilled: spilled && spillRecord(spilled),
    ...(spilled === null && { preview: kept }),
  });
}

function takeCounted(
  running: RunningCharacter,
  { frames, failures }: CountValue,
  prints: ReadonlyMap<number, FramePrint | null>,
): void {
  const { table, context, place } = running;
  const records: CharacterRecord[] = [];
  for (const { index, contentHash, source, spilled, fromSpill } of frames) {
    table.setCounted(index);
    if (spilled !== null) {
      table.setSpilled(index, spilled);
      context.budget.take(place.spill, area(spilled.size) * 4);
    }
    if (fromSpill) continue;
    const { name } = running.frame(index);
    const spill = spilled === null ? null : spillRecord(spilled);
    const print = prints.get(index)!;
    records.push({ type: 'frame', name, print, hash: contentHash, source: running.sourceSize(source), spilled: spill });
  }
  running.record(...records);
  running.record(...failures.map(({ index, error }) => running.failed(index, error, prints.get(index)!)));
}

function noColours({ character, context, failures }: RunningCharacter): HalotileError {
  const { frames, name } = character;
  const [first] = failures.first();
  const unread =
    first === undefined ? '' : said`, ${failures.count} of which cannot be read (${sentenceOf(first.detail)})`;
  return badInput({
    what: said`no opaque pixel in ${frames.length} frames${unread}`,
    where: `character ${name}`,
    expected: 'at least one pixel with alpha above 0',
    remedy: context.job.onError === 'fail' ? 'remove it, or use --on-error skip' : 'remove it',
  });
}
