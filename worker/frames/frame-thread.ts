import { readFileSync } from 'node:fs';
import { type ErrorRecord, type ErrorTag, toErrorRecord } from '../../tiling/errors.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type {
  Band,
  BandCounts,
  BandToRemap,
  CountReply,
  CountTask,
  FindTask,
  RemappedBand,
  RemappedOutput,
  RemapTask,
} from '../../tiling/palette/frame-execution.js';
import { findPalette, type Palette } from '../../tiling/palette/palette.js';
import type { Rgb } from '../../tiling/palette/remap.js';
import { coloursInReadingOrder } from '../../tiling/palette/target.js';
import { countBand, remapBand } from './band-tasks.js';
import { countFrames } from './count-frames.js';
import { decodeFrame } from './decode-frame.js';
import type { GrantedFrames } from './granted-frames.js';
import { remapFrames } from './remap-frames.js';

/** A thread's answer; an error crosses as a record, because structured clone drops its class. */
export type Reply<T> = { readonly value: T } | { readonly error: ErrorRecord };

/** What a thread of the frame pool can be asked for, by name: this file's exports, which answer errors as records. */
export interface FrameThread {
  count(task: CountTask): Promise<Reply<CountReply>>;
  find(task: FindTask): Promise<Reply<Palette>>;
  remap(task: RemapTask): Promise<Reply<readonly RemappedOutput[]>>;
  countBandTask(band: Band): Promise<Reply<BandCounts>>;
  remapBandTask(band: BandToRemap): Promise<Reply<RemappedBand>>;
  colours(path: string): Promise<Reply<readonly Rgb[]>>;
  granted(task: GrantedFrames): Promise<Reply<void>>;
}

export const count: FrameThread['count'] = (task) => reply('bad-input', () => countFrames(task));

export const find: FrameThread['find'] = ({ counts, options }) =>
  reply('bad-input', async () => findPalette(ColourCounts.fromBytes(counts), options));

export const remap: FrameThread['remap'] = (task) => reply('output-failed', () => remapFrames(task));

export const countBandTask: FrameThread['countBandTask'] = (band) =>
  reply('bad-input', () => countBand(band), band.raster.path);

export const remapBandTask: FrameThread['remapBandTask'] = (band) =>
  reply('output-failed', () => remapBand(band), band.output);

export const colours: FrameThread['colours'] = (path) =>
  reply('bad-input', async () => coloursInReadingOrder((await decodeFrame(readFileSync(path), path, null)).rgba), path);

/** gRPC is loaded for the first task of a coordinator: a run on one machine does without it. */
export const granted: FrameThread['granted'] = (task) =>
  reply('tile-failed', async () => (await import('../remote/run-granted-frames.js')).runGrantedFrames(task));

async function reply<T>(fallback: ErrorTag, work: () => Promise<T>, where?: string): Promise<Reply<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: toErrorRecord(error, fallback, where) };
  }
}
