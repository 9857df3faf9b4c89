import type { Rect } from '../../tiling/geometry/rect.js';
import { bytesOf, SAMPLE_BYTES, toSample } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../kernels/kernel.js';
import { borderIndex } from '../kernels/reference/samples/border-index.js';
import type { BorderExtension } from '../kernels/reference/samples/extend-border.js';
import { allocate } from './allocate.js';
import { alphaLast } from './alpha-order.js';
import type { ChainInputs } from './open-job.js';
import type { Tally } from './tally.js';
import { readValidity, withoutIdle, withValidity } from './validity.js';

/** Neighbouring places of a line that lie in an image side by side, in either direction, or at one place of it. */
interface Run {
  /** From the beginning of the line. */
  readonly at: number;
  readonly length: number;
  /** Where the first one lies; -1 where the border's constant stands. */
  readonly from: number;
  readonly step: number;
}

/**
 * Pixels of the image that its border extends, wherever they are: what `extendBorder` makes beside pixels that are there,
 * also far away from the image. The arena must have room for all of them twice.
 */
export async function readExtended(
  open: ChainInputs,
  rect: Rect,
  extension: BorderExtension,
  tally: Tally,
): Promise<TileRaster> {
  const { image } = open.plan;
  const { border, constantValue } = extension;
  const dense = allocate(open, rect, image);
  const whole = open.mask === undefined ? dense : withValidity(open, dense);
  const mark = open.backend.memory.mark();
  for (const down of runsOf(rect.y, rect.height, image.height, border)) {
    for (const across of runsOf(rect.x, rect.width, image.width, border)) {
      if (down.from < 0 || across.from < 0) fillPart(whole, { across, down }, toSample(image.dtype, constantValue));
      else copyPart(whole, { across, down }, await readPart({ across, down }));
      open.backend.memory.release(mark);
    }
  }
  return withoutIdle(whole, rect);

  async function readPart({ across, down }: { readonly across: Run; readonly down: Run }): Promise<TileRaster> {
    const [x, width] = spanOf(across);
    const [y, height] = spanOf(down);
    const part = { x, y, width, height };
    const raster = allocate(open, part, image);
    tally.addRead(await open.image.read(part, bytesOf(raster.samples), raster.stride * SAMPLE_BYTES[raster.dtype]));
    alphaLast(raster, image);
    tally.counts.inputPixels += width * height;
    return readValidity(open, raster, part, tally);
  }
}

function runsOf(start: number, length: number, size: number, border: BorderExtension['border']): Run[] {
  const runs: { at: number; length: number; from: number; step: number }[] = [];
  for (let at = 0; at < length; at++) {
    const place = borderIndex(start + at, size, border) ?? -1;
    const last = runs.at(-1);
    const step = last === undefined ? 0 : last.length === 1 ? place - last.from : last.step;
    const goesOn = last !== undefined && Math.abs(step) <= 1 && place === last.from + last.length * step;
    // The constant stands apart from the image's first pixel.
    if (goesOn && place < 0 === last.from < 0) {
      last.step = step;
      last.length++;
    } else runs.push({ at, length: 1, from: place, step: 0 });
  }
  return runs;
}

/** First place and count of what a run reads. */
function spanOf({ from, length, step }: Run): readonly [number, number] {
  const last = from + (length - 1) * step;
  return [Math.min(from, last), Math.abs(last - from) + 1];
}

interface Part {
  readonly across: Run;
  readonly down: Run;
}

function fillPart({ samples, stride, channels, valid, rect }: TileRaster, { across, down }: Part, value: number): void {
  for (let y = down.at; y < down.at + down.length; y++) {
    const from = y * stride + across.at * channels;
    samples.fill(value, from, from + across.length * channels);
    // The constant beyond the image is no masked pixel.
    valid?.fill(255, y * rect.width + across.at, y * rect.width + across.at + across.length);
  }
}

function copyPart(whole: TileRaster, { across, down }: Part, part: TileRaster): void {
  const { channels } = whole;
  for (let y = 0; y < down.length; y++) {
    const row = down.from + y * down.step - part.rect.y;
    for (let x = 0; x < across.length; x++) {
      const column = across.from + x * across.step - part.rect.x;
      const from = row * part.stride + column * channels;
      const to = (down.at + y) * whole.stride + (across.at + x) * channels;
      for (let c = 0; c < channels; c++) whole.samples[to + c] = part.samples[from + c]!;
      if (whole.valid === undefined) continue;
      const into = (down.at + y) * whole.rect.width + across.at + x;
      whole.valid[into] = part.valid === undefined ? 255 : part.valid[row * part.rect.width + column]!;
    }
  }
}
