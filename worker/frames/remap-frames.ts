import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { HalotileError } from '../../tiling/errors.js';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';
import type { FrameMaking, FrameToRemap, RemappedOutput, RemapTask } from '../../tiling/palette/frame-execution.js';
import { encodeIndexedPng, encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { Remap, type RemappedFrame } from '../../tiling/palette/remap.js';
import { publishFile } from '../../tiling/stitch/output-file.js';
import type { DecodedFrame } from './decoded-frame.js';
import { loadFrame } from './load-frame.js';
import { readSpilled } from './spill-file.js';

/** Longest side of a report's sample image. */
const SAMPLE_SIDE = 128;

/** The last palette that this thread mapped to, with all that it remembers. */
let latest: { readonly key: string; readonly remap: Remap } | undefined;

/** Puts a finished frame to its output, whole or not at all. */
export type PutFrame = (output: string, png: Uint8Array) => void;

/** Writes frames in the colours of a palette, each whole or not at all. */
export async function remapFrames(task: RemapTask, put: PutFrame = publish): Promise<readonly RemappedOutput[]> {
  const remap = remapOf(task);
  const outputs: RemappedOutput[] = [];
  for (const frame of task.frames) {
    const before = await pixelsOf(frame, task);
    const after = remap.frame(before.rgba);
    const png = frame.output === null ? undefined : encodeFrame(after, before, remap);
    if (png !== undefined) put(frame.output!, png);
    const { index } = frame;
    const shown = frame.sample ? sample(after, before, remap) : null;
    outputs.push({ index, bytes: png?.length ?? 0, pixelCrc: crc32(before.rgba), sample: shown });
  }
  return outputs;
}

/** The thread's mapping to a palette, with what it remembers of earlier frames. */
export function remapOf({ palette, target }: Pick<RemapTask, 'palette' | 'target'>): Remap {
  const key = JSON.stringify([palette, target]);
  if (latest?.key !== key) latest = { key, remap: new Remap(palette, target ?? undefined) };
  return latest.remap;
}

async function pixelsOf({ spilled, ...source }: FrameToRemap, making: FrameMaking): Promise<DecodedFrame> {
  const kept = spilled === null ? undefined : readSpilled(spilled);
  if (kept !== undefined) return kept;
  const changed = (why: string, cause?: unknown) => {
    const what = `the frame was counted and can no longer be read (${why})`;
    return new HalotileError('input-changed', { what, where: source.path, remedy: 'run the job again' }, { cause });
  };
  let loaded: Awaited<ReturnType<typeof loadFrame>>;
  try {
    loaded = await loadFrame(source, making);
  } catch (cause) {
    throw changed(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if ('tooLarge' in loaded) throw changed('it has grown');
  return loaded.frame;
}

/** Indexed where the file can hold the palette and alpha is all or nothing, otherwise RGBA. */
function encodeFrame(after: RemappedFrame, { rgba, size }: DecodedFrame, { colours }: Remap): Buffer {
  const entries = colours.length + (after.hasTransparent ? 1 : 0);
  if (after.hasTranslucent || entries > 256) return encodeRgbaPng(paint(after, rgba, colours), size);
  const indices = indicesOf(after, rgba, colours.length);
  return encodeIndexedPng(indices, size, colours, { transparent: after.hasTransparent });
}

/** One byte a pixel; a pixel of alpha 0 has the index `clear`. */
export function indicesOf(after: RemappedFrame, rgba: Uint8Array, clear: number): Uint8Array {
  const indices = Uint8Array.from(after.indices);
  if (after.hasTransparent) {
    for (let pixel = 0; pixel < indices.length; pixel++) {
      if (rgba[pixel * 4 + 3] === 0) indices[pixel] = clear;
    }
  }
  return indices;
}

/** RGBA in palette colours, alpha kept; a pixel of alpha 0 is all zeros. */
export function paint({ indices }: RemappedFrame, rgba: Uint8Array, colours: Remap['colours']): Uint8Array {
  const painted = new Uint8Array(rgba.length);
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const at = pixel * 4;
    const alpha = rgba[at + 3]!;
    if (alpha === 0) continue;
    painted.set(colours[indices[pixel]!]!, at);
    painted[at + 3] = alpha;
  }
  return painted;
}

function sample(after: RemappedFrame, { rgba, size }: DecodedFrame, { colours }: Remap): RemappedOutput['sample'] {
  const share = Math.min(1, SAMPLE_SIDE / Math.max(size.width, size.height));
  const side = (length: number) => Math.max(1, Math.round(length * share));
  const small = { width: side(size.width), height: side(size.height) };
  const png = (pixels: Uint8Array) => encodeRgbaPng(scaleNearestRgba(pixels, size, small), small);
  return { before: png(rgba), after: png(paint(after, rgba, colours)) };
}

function publish(output: string, bytes: Uint8Array): void {
  const temporary = join(dirname(output), `.${basename(output)}.part`);
  try {
    writeFileSync(temporary, bytes);
    publishFile(temporary, output);
  } catch (cause) {
    const what = `the frame cannot be written (${(cause as NodeJS.ErrnoException).code ?? cause})`;
    throw new HalotileError(
      'output-failed',
      { what, where: output, remedy: 'free space or check permissions' },
      { cause },
    );
  }
}
