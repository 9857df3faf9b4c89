import { crc32 } from 'node:zlib';
import { HalotileError } from '../../tiling/errors.js';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';
import { FitMeter } from '../../tiling/palette/fit.js';
import { encodeIndexedPng, encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { Remap, type RemappedFrame as RemappedPixels } from '../../tiling/palette/remap.js';
import type { FrameColours } from '../../tiling/work/frames.js';
import type { FrameSample, FrameToRemap, RemapData, RemappedFrame } from '../../tiling/work/remap.js';
import type { DecodedFrame } from './decoded-frame.js';
import { loadFrame } from './load-frame.js';
import { readSpilled } from './read-spilled.js';

/** Longest side of a report's sample image. */
const SAMPLE_SIDE = 128;

/** The last palette that this thread mapped to, with all that it remembers. */
let latest: { readonly key: string; readonly remap: Remap; readonly meter: FitMeter } | undefined;

/** A finished frame. */
export interface RemappedPng {
  readonly png: Uint8Array;
  /** CRC-32 of the frame's RGBA pixels before they took the palette's colours. */
  readonly pixelCrc: number;
}

/** Takes a finished frame, whose place among the task's frames is `position`. */
export type PutFrame = (position: number, frame: FrameToRemap, finished: RemappedPng) => void;

/** Makes PNGs of frames in the colours of a palette and hands each to `put`. */
export async function remapFrames(data: RemapData, put: PutFrame): Promise<readonly RemappedFrame[]> {
  const { remap, meter } = remapOf(data);
  const written: RemappedFrame[] = [];
  for (const [position, frame] of data.frames.entries()) {
    const before = await pixelsOf(frame, data);
    const after = remap.frame(before.rgba, before.size.width);
    const png = encodeFrame(after, before, remap);
    put(position, frame, { png, pixelCrc: crc32(before.rgba) });
    written.push({
      index: frame.index,
      bytes: png.length,
      fit: meter.measure(before.rgba, before.size.width, after.indices),
      sample: frame.sample ? sample(after, before, remap) : null,
    });
  }
  return written;
}

/** The thread's mapping to a palette and its measure, with what they remember of earlier frames. */
function remapOf({ palette, target, dither, space }: FrameColours): NonNullable<typeof latest> {
  const key = JSON.stringify([palette, target, dither, space]);
  if (latest?.key === key) return latest;
  const remap = new Remap(palette, { target, dither, space });
  latest = { key, remap, meter: new FitMeter(remap.colours) };
  return latest;
}

async function pixelsOf(frame: FrameToRemap, data: RemapData): Promise<DecodedFrame> {
  const kept = frame.spilled ? readSpilled(frame.spilled) : undefined;
  if (kept !== undefined) return kept;
  const changed = (why: string, cause?: unknown) => {
    const what = `the frame was counted and can no longer be read (${why})`;
    return new HalotileError('input-changed', { what, file: frame.path, remedy: 'run the job again' }, { cause });
  };
  let loaded: Awaited<ReturnType<typeof loadFrame>>;
  try {
    loaded = await loadFrame(frame, data);
  } catch (cause) {
    throw changed(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if ('tooLarge' in loaded) throw changed('it has grown');
  return loaded.frame;
}

/** Indexed where the file can hold the palette and alpha is all or nothing, otherwise RGBA. */
function encodeFrame(after: RemappedPixels, { rgba, size }: DecodedFrame, remap: Remap): Buffer {
  const { colours } = remap;
  const entries = colours.length + (after.hasTransparent ? 1 : 0);
  if (after.hasTranslucent || entries > 256) return encodeRgbaPng(remap.painted(rgba, after), size);
  const indices = indicesOf(after, rgba, colours.length);
  return encodeIndexedPng(indices, size, colours, { transparent: after.hasTransparent });
}

/** One byte a pixel; a pixel of alpha 0 has the index `clear`. */
function indicesOf(after: RemappedPixels, rgba: Uint8Array, clear: number): Uint8Array {
  const indices = Uint8Array.from(after.indices);
  if (after.hasTransparent) {
    for (let pixel = 0; pixel < indices.length; pixel++) {
      if (rgba[pixel * 4 + 3] === 0) indices[pixel] = clear;
    }
  }
  return indices;
}

function sample(after: RemappedPixels, { rgba, size }: DecodedFrame, remap: Remap): FrameSample {
  const share = Math.min(1, SAMPLE_SIDE / Math.max(size.width, size.height));
  const side = (length: number) => Math.max(1, Math.round(length * share));
  const small = { width: side(size.width), height: side(size.height) };
  const png = (pixels: Uint8Array) => encodeRgbaPng(scaleNearestRgba(pixels, size, small), small);
  return { before: png(rgba), after: png(remap.painted(rgba, after)) };
}
