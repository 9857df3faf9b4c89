import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { CLUSTER_SECTIONS } from '../cluster/cluster-sections.js';
import { contest, type Times } from '../contest.js';
import { type Pair, repeatedScene, scene } from '../inputs.js';
import { framesOf, LARGE, linkFrames } from '../palette-frames.js';
import { renderFrames } from '../palettes/rendered-frames.js';
import { filterTable } from '../peers/filter-table.js';
import type { Section } from '../report.js';
import { jobRun } from './engine-rows.js';
import type { PageOptions } from './page-row.js';

const GIGAPIXEL = 1e9;
/** Where starting the process no longer counts: what others are compared with. */
const USUAL = 8000;
const SIZES = [1000, 2000, 4000, USUAL, 15_000, 30_000, 60_000];
/** A pixel of an uncompressed output with its overviews. */
const PIXEL_BYTES = 4;

/** What a job tells of itself, of any kind. */
interface Told {
  readonly bytes?: { readonly read?: number; readonly written?: number };
  readonly peakMemoryBytes: number;
}

const told = ({ printed }: Times) => JSON.parse(printed) as Told;
const processorOf = ({ cpuSeconds }: Times) => Math.min(...cpuSeconds);

/** Tables that are no targets: growth with size, what a gigapixel costs, numbers of workers, and single filters beside their peers. */
export async function* scaleSections(options: PageOptions): AsyncGenerator<Section> {
  yield await growthSection(options);
  yield await gigapixelSection(options);
  yield* await workerSections(options);
  yield await filterTable(5 * options.rounds, options.python);
}

/** Processor time of a pixel from small to huge images, uncompressed and with deflate. */
async function growthSection({ work, side, hugeSide, rounds }: PageOptions): Promise<Section> {
  const from = await scene(work, side);
  const rows: { size: number; cost: (number | undefined)[]; peak: number }[] = [];
  for (const size of SIZES.filter((size) => size <= Math.max(side, hugeSide))) {
    const pair = size <= side ? await scene(work, size) : repeatedScene(work, from, side, size);
    const cost: (number | undefined)[] = [];
    let peak = 0;
    for (const codec of ['none', 'deflate']) {
      const { bavail, bsize } = statfsSync(work);
      if (bavail * bsize < 1.2 * PIXEL_BYTES * size ** 2) {
        cost.push(undefined);
        continue;
      }
      const output = join(work, 'grown.tif');
      const run = jobRun(['blur', pair.image, '--map', pair.map, '--compression', codec], output);
      const [times] = contest([run], { rounds: size > USUAL ? 1 : rounds, warmUp: false, inputs: [] });
      cost.push((processorOf(times!) * 1e9) / size ** 2);
      peak = Math.max(peak, told(times!).peakMemoryBytes);
      rmSync(output);
    }
    rows.push({ size, cost, peak });
  }
  const usual = rows.findLast(({ size }) => size <= USUAL)!;
  const cells = ({ cost }: (typeof rows)[number]) =>
    cost.flatMap((each, codec) => {
      const against = usual.cost[codec];
      if (each === undefined || against === undefined) return ['no room on the disk', ''];
      return [each.toFixed(1), (each / against).toFixed(2)];
    });
  return {
    title: `Growth with size: processor time of a pixel, linear is 1.00 (target ≤ 1.2 from ${usual.size}² up)`,
    columns: [
      ...['side', 'uncompressed, ns', `against ${usual.size}²`, 'deflate, ns', `against ${usual.size}², deflate`],
      'peak, MiB',
    ],
    lines: rows.map((row) => [`${row.size}²`, ...cells(row), `${Math.round(row.peak / 2 ** 20)}`]),
  };
}

/** What a gigapixel costs by operation, from an image of the page's side. */
async function gigapixelSection({ work, side, rounds, frames }: PageOptions): Promise<Section> {
  const pair = await scene(work, side);
  const lines: string[][] = [];
  const add = (what: string, pixels: number, args: readonly string[], output: string) => {
    const [times] = contest([jobRun(args, output)], { rounds, warmUp: false, inputs: [] });
    const { bytes, peakMemoryBytes } = told(times!);
    const share = GIGAPIXEL / pixels;
    const gigabytes = (value?: number) => (value === undefined ? '' : ((value * share) / 1e9).toFixed(2));
    lines.push([
      ...[what, (processorOf(times!) * share).toFixed(1), gigabytes(bytes?.read), gigabytes(bytes?.written)],
      `${Math.round(peakMemoryBytes / 2 ** 20)}`,
    ]);
    rmSync(output, { recursive: true });
  };
  for (const [what, args] of Object.entries(imageJobs(pair))) add(what, side ** 2, args, join(work, 'gigapixel.tif'));
  const folders = { few: join(work, 'gigapixel-few'), many: join(work, 'gigapixel-frames') };
  const count = Math.ceil(frames / 10);
  await renderFrames(folders.few, Math.min(30, count), 'sharp');
  linkFrames(folders.few, folders.many, count);
  const pixels = framesOf(folders.many).length * LARGE.width * LARGE.height;
  add('palettes of rendered frames', pixels, ['palette', folders.many, '--size', '64x90'], join(work, 'gigapixel-out'));
  for (const folder of Object.values(folders)) rmSync(folder, { recursive: true });
  return {
    title: `What a gigapixel costs by default, from ${side}² (starting included)`,
    columns: ['what', 'processor, s', 'read, GB', 'written, GB', 'peak, MiB'],
    lines,
  };
}

function imageJobs({ image, map }: Pair): Record<string, string[]> {
  return {
    'box by map, radius ≤ 64': ['blur', image, '--map', map],
    'Gaussian by map, σ ≤ 64': ['blur', image, '--map', map, '--kernel', 'gaussian'],
    'median of 5×5': ['process', image, '--op', 'median:footprint=rect:5x5'],
    'labels of what is dark in the map': ['process', map, '--op', 'threshold:value=32', '--op', 'label'],
  };
}

/** One, two and four workers on this machine, by reference and inline. */
async function workerSections({ work, clusterSide, rounds }: PageOptions): Promise<Section[]> {
  const root = join(work, 'cluster');
  mkdirSync(root, { recursive: true });
  const options = { root, side: clusterSide, rounds, inputBytes: 0, nodeFlags: [] };
  return [await CLUSTER_SECTIONS.workers(options), await CLUSTER_SECTIONS.inlineWorkers(options)];
}
