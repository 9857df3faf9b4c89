import { join } from 'node:path';
import { contest } from '../contest.js';
import { type Pair, scene } from '../inputs.js';
import { framesOf, LARGE, linkFrames } from '../palette-frames.js';
import { FRAMES } from '../palettes/rendered-frames.js';
import { jobRun } from './engine-rows.js';
import type { Measured, PageOptions } from './page-row.js';

const GIGAPIXEL = 1e9;

/** What a job tells of itself, of any kind. */
interface Told {
  readonly bytes?: { readonly read?: number; readonly written?: number };
  readonly peakMemoryBytes: number;
}

/** What a gigapixel costs by operation, from an image of the page's side, and by palettes. */
export async function gigapixel({ work, scratch, side, frames }: PageOptions): Promise<Measured> {
  const lines: string[][] = [];
  const add = (what: string, pixels: number, args: readonly string[]) => {
    const [times] = contest([jobRun(args, join(scratch, 'output'))], { rounds: 1, warmUp: false, inputs: [] });
    const { bytes, peakMemoryBytes } = JSON.parse(times!.printed) as Told;
    const share = GIGAPIXEL / pixels;
    const gigabytes = (value?: number) => (value === undefined ? '' : ((value * share) / 1e9).toFixed(2));
    lines.push([
      ...[what, (Math.min(...times!.cpuSeconds) * share).toFixed(1), gigabytes(bytes?.read), gigabytes(bytes?.written)],
      `${Math.round(peakMemoryBytes / 2 ** 20)}`,
    ]);
  };
  const pair = await scene(work, side);
  for (const [what, args] of Object.entries(imageJobs(pair))) add(what, side ** 2, args);
  const folders = { few: join(scratch, 'few'), many: join(scratch, 'frames') };
  await FRAMES['rendered, sharp']!(folders.few, Math.min(30, frames));
  linkFrames(folders.few, folders.many, frames);
  const pixels = framesOf(folders.many).length * LARGE.width * LARGE.height;
  add('palettes of rendered frames', pixels, ['palette', folders.many, '--size', '64x90']);
  const table = {
    title: `What a gigapixel costs by default, from ${side}² and ${frames} frames of 640×900 (starting included)`,
    columns: ['what', 'processor, s', 'read, GB', 'written, GB', 'peak, MiB'],
    lines,
  };
  return { tables: [table] };
}

function imageJobs({ image, map }: Pair): Record<string, string[]> {
  return {
    'box by map, radius ≤ 64': ['blur', image, '--map', map],
    'Gaussian by map, σ ≤ 64': ['blur', image, '--map', map, '--kernel', 'gaussian'],
    'median of 5×5': ['process', image, '--op', 'median:footprint=rect:5x5'],
    'labels of what is dark in the map': ['process', map, '--op', 'threshold:value=32', '--op', 'label'],
  };
}
