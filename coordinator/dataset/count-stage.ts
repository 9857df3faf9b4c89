import { badInput, HalotileError } from '../../tiling/errors.js';
import { area, type Size } from '../../tiling/geometry/rect.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type { CountReply, FrameToCount, LargeFrame } from '../../tiling/palette/frame-execution.js';
import type { Palette } from '../../tiling/palette/palette.js';
import { countBanded } from './banded-frame.js';
import { type CharacterRecord, type FramePrint, spillRecord } from './character-ledger.js';
import type { LargeImage } from './frame-table.js';
import type { RunningCharacter } from './running-character.js';

/** What is wrong with the image or with the chain on it, not with this run. */
const IMAGE_FAULTS: ReadonlySet<string> = new Set(['bad-input', 'bad-usage', 'over-limit']);

/**
 * Counts all frames of a character, those in spill files from there, and finds its palette.
 * @throws HalotileError bad-input where no frame has an opaque pixel
 */
export async function findCharacterPalette(running: RunningCharacter): Promise<Palette> {
  const { table, context } = running;
  const { executor, gate, job } = context;
  const counts = new ColourCounts();
  const isLarge = (index: number) => table.large(index) !== undefined && table.spilled(index) === undefined;
  const known = table.where((index) => !table.isFailed(index) && isLarge(index));
  const large: { index: number; source: Size | null }[] = [...known].map((index) => ({ index, source: null }));
  const toCount = table.where((index) => !table.isFailed(index) && !isLarge(index));
  await gate.each(running.batches(toCount), async (indices) => {
    const reply = await countBatch(running, indices);
    counts.merge(ColourCounts.fromBytes(reply.counts));
    large.push(...reply.large);
  });
  for (const each of large.sort((a, b) => a.index - b.index)) await countLarge(running, each, counts);
  if (counts.pixels === 0) throw noColours(running);
  const task = { counts: counts.toBytes(), options: job.palette };
  const palette = await gate.run(() => executor.findPalette(task));
  running.record({ type: 'palette', palette });
  return palette;
}

async function countBatch(running: RunningCharacter, indices: readonly number[]): Promise<CountReply> {
  const { executor, making, budget, counts } = running.context;
  const prints = new Map(indices.map((index) => [index, running.printOf(index)]));
  const frames = indices.map((index): FrameToCount => {
    const { path, map } = running.frame(index);
    return { index, path, map, spilled: running.table.spilled(index) };
  });
  const spill = budget.hasRoom() ? running.place.spill : null;
  const reply = await executor.countFrames({ ...making, frames, spill });
  takeCounted(running, reply, prints);
  counts.counted(indices.length - reply.large.length, reply.bytesRead);
  return reply;
}

/** Filters an image that is too large to be held and counts its colours, by rects at its final size. */
async function countLarge(
  running: RunningCharacter,
  { index, source }: Pick<LargeFrame, 'index'> & { readonly source: Size | null },
  counts: ColourCounts,
): Promise<void> {
  const { executor, making, budget, gate } = running.context;
  const { path } = running.frame(index);
  const prints = new Map([[index, running.printOf(index)]]);
  try {
    const raster = await running.raster(index);
    const size = running.finalSize(raster);
    const stored = source ?? raster.info;
    if (area(size) <= making.wholePixels) {
      const frames = [{ index, path, raster }];
      const spill = budget.hasRoom() ? running.place.spill : null;
      const reply = await gate.run(() => executor.countFrames({ ...making, frames, spill }));
      takeCounted(running, reply, prints, stored);
      counts.merge(ColourCounts.fromBytes(reply.counts));
      running.context.counts.counted(1, reply.bytesRead);
      return;
    }
    const banded = await countBanded({ raster, size }, running.context);
    counts.merge(banded.counts);
    takeBanded(running, index, prints.get(index)!, stored, banded.large);
    running.context.counts.counted(1, banded.bytesRead);
  } catch (error) {
    if (gate.stopped || !(error instanceof HalotileError) || !IMAGE_FAULTS.has(error.tag)) throw error;
    running.record(running.failed(index, { tag: error.tag, detail: error.detail }, prints.get(index)!));
  }
}

function takeBanded(
  running: RunningCharacter,
  index: number,
  print: FramePrint | null,
  stored: Size,
  large: LargeImage,
): void {
  const { table } = running;
  table.setLarge(index, large);
  if (table.isCounted(index)) return;
  table.setCounted(index);
  const source = running.sourceSize(stored);
  const { name } = running.frame(index);
  running.record({ type: 'frame', name, print: print!, hash: '', source, spilled: null, large });
}

/** `stored` is the size of a large image as its file has it. */
function takeCounted(
  running: RunningCharacter,
  { frames, failures }: CountReply,
  prints: ReadonlyMap<number, FramePrint | null>,
  stored?: Size,
): void {
  const { table, context, place } = running;
  const records: CharacterRecord[] = [];
  for (const { index, contentHash, source, spilled, fromSpill } of frames) {
    table.setCounted(index);
    if (spilled !== null) {
      table.setSpilled(index, spilled);
      context.budget.take(place.spill, spilled.size.width * spilled.size.height * 4);
    }
    if (fromSpill) continue;
    const sourceSize = running.sourceSize(stored ?? source);
    const { name } = running.frame(index);
    const print = prints.get(index)!;
    const large = stored === undefined ? undefined : { banded: false, transparent: false, translucent: false };
    if (large !== undefined) table.setLarge(index, large);
    const spill = spilled === null ? null : spillRecord(spilled);
    records.push({ type: 'frame', name, print, hash: contentHash, source: sourceSize, spilled: spill, large });
  }
  running.record(...records);
  running.record(...failures.map(({ index, error }) => running.failed(index, error, prints.get(index)!)));
}

function noColours({ character, context, failures }: RunningCharacter): HalotileError {
  const { frames, name } = character;
  const [first] = failures.first();
  const unread = first === undefined ? '' : `, ${failures.count} of which cannot be read (${first.message})`;
  return badInput({
    what: `no opaque pixel in ${frames.length} frames${unread}`,
    where: `character ${name}`,
    expected: 'at least one pixel with alpha above 0',
    remedy: context.job.onError === 'fail' ? 'remove it, or use --on-error skip' : 'remove it',
  });
}
