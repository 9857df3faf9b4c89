import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { runDataset } from '../../coordinator/index.js';
import { datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import { findPalette } from '../../tiling/palette/palette.js';
import { paletteOptionsSchema } from '../../tiling/palette/palette-options.js';
import { ThreadPoolExecutor } from '../../worker/index.js';
import { CHARACTERS, framesOf, LARGE, linkFrames, makeFrames, SMALL } from './palette-frames.js';
import type { Section } from './report.js';

/** What every section measures with. */
export interface PaletteBench {
  /** Folder for everything that is made. */
  readonly work: string;
  readonly python: string;
  readonly rounds: number;
}

const threads = availableParallelism();
const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const seconds = () => performance.now() / 1000;

/** Wall and processor seconds of some work of this process, its threads included. */
export interface Cost {
  readonly wall: number;
  readonly processor: number;
}

/** What some work costs. */
export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const [start, used] = [seconds(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(used);
  return { wall: seconds() - start, processor: (user + system) / 1e6 };
}

/** Every file once through sharp, on all cores; decoding stands for the whole where `downscale` is false. */
export async function sharpAlone(
  files: readonly string[],
  { downscale }: { readonly downscale: boolean },
): Promise<void> {
  sharp.concurrency(1);
  let next = 0;
  const lane = async () => {
    while (next < files.length) {
      const image = sharp(files[next++]!, { sequentialRead: true }).ensureAlpha();
      const wanted = downscale ? image.resize(SMALL.width, SMALL.height, { kernel: 'nearest', fit: 'fill' }) : image;
      await wanted.raw().toBuffer();
    }
  };
  await Promise.all(Array.from({ length: threads * 2 }, lane));
}

/** One palette job over a folder of frames, its output removed. */
export async function palettes(work: string, frames: string, executor: ThreadPoolExecutor): Promise<void> {
  const output = mkdtempSync(join(work, 'out-'));
  const job = datasetSpecSchema.parse({ frames: [frames], output, size: SMALL });
  const machine = { threads, memoryBytes: 2 ** 30 };
  await runDataset({ job, executor, machine, nowSeconds: seconds });
  rmSync(output, { recursive: true });
}

/**
 * Row 7: the whole job on `count` frames against sharp alone and the scikit-learn recipe, in turn; ratios are
 * medians over the rounds.
 */
export async function timeSection({ work, python, rounds }: PaletteBench, count: number): Promise<Section> {
  const frames = join(work, 'large');
  await makeFrames(frames, count, LARGE);
  const files = framesOf(frames);
  const executor = new ThreadPoolExecutor({ threads, backend: 'wasm', name: 'bench', expects: ['count', 'remap'] });
  const costs = { palettes: [] as Cost[], downscale: [] as Cost[], decode: [] as Cost[] };
  for (let round = 0; round < rounds; round++) {
    costs.decode.push(await costOf(() => sharpAlone(files, { downscale: false })));
    costs.downscale.push(await costOf(() => sharpAlone(files, { downscale: true })));
    costs.palettes.push(await costOf(() => palettes(work, frames, executor)));
  }
  await executor.close();
  const line = (name: string, contestant: readonly Cost[], target: string) => {
    const ratio = (of: (cost: Cost) => number) =>
      median(costs.palettes.map((each, round) => of(each) / of(contestant[round]!)));
    const own = contestant === costs.palettes;
    return [
      ...[name, show(median(contestant.map(({ wall }) => wall))), own ? '' : show(ratio(({ wall }) => wall)), target],
      show(median(contestant.map(({ processor }) => processor))),
      own ? '' : show(ratio(({ processor }) => processor)),
    ];
  };
  const lines = [
    line('palettes: the whole job, frames written', costs.palettes, ''),
    line('sharp decodes and downscales, all cores', costs.downscale, '≤ 1.2'),
    line('sharp decodes only, all cores', costs.decode, ''),
    recipeLine({ python, frames }, median(costs.palettes.map(({ wall }) => wall))),
  ];
  rmSync(frames, { recursive: true });
  return {
    title: `${files.length} frames of 640×900 in three characters to 64×90, ${threads} threads`,
    columns: ['what', 'wall, s', 'palettes / it', 'target', 'processor, s', 'palettes / it, processor'],
    lines,
  };
}

function recipeLine({ python, frames }: { readonly python: string; readonly frames: string }, own: number): string[] {
  const recipe = fileURLToPath(new URL('../../../loadtest/bench/palette-recipe.py', import.meta.url));
  const args = [recipe, frames, `${SMALL.width}`, `${SMALL.height}`];
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' });
  const name = 'scikit-learn recipe (OpenCV decodes), frames kept';
  if (status !== 0)
    return [`${name}: skipped, ${stderr?.trim().split('\n').at(-1) || 'no Python'}`, '', '', '', '', ''];
  const { total, load } = JSON.parse(stdout) as { total: number; load: number };
  return [`${name}; ${show(load)} of it loading`, show(total), show(own / total), '', '', ''];
}

/** Reduce alone: three characters of a million pixels each, in many colours and in few. */
export function reduceSection(): Section {
  const lines = [];
  for (const [name, spread] of [
    ['few colours', 4],
    ['many colours', 60],
  ] as const) {
    const counted = CHARACTERS.map((_, character) => manyPixels(character, spread));
    const options = paletteOptionsSchema.parse({});
    const start = seconds();
    const found = counted.map((counts) => findPalette(counts, options));
    const { colors, gridBits } = found[0]!;
    lines.push([name, `${counted[0]!.size}`, `${colors.length}`, `${gridBits}`, show(seconds() - start)]);
  }
  return {
    title: 'Reduce alone, 3 × 1M pixels, one thread',
    columns: ['pixels', 'unique colours', 'palette', 'grid, bits', 'seconds'],
    lines,
  };
}

function manyPixels(character: number, spread: number): ColourCounts {
  const counts = new ColourCounts();
  let state = character + 1;
  for (let pixel = 0; pixel < 1_000_000; pixel++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const head = ((state >>> 28) * 0x0d1b2b + 0x303030) & 0xbfbfbf;
    const noise = (shift: number) => Math.floor((((state >>> shift) & 255) * spread) / 256) << (shift & 24);
    counts.add(head + noise(0) + noise(8) + noise(16), 1);
  }
  return counts;
}

interface Printed {
  readonly peakMemoryBytes: number;
  readonly seconds: { readonly total: number };
}

function command(args: readonly string[]): Printed {
  const { stdout, status } = spawnSync(process.execPath, [cli, ...args, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`halotile ${args.join(' ')} failed`);
  return JSON.parse(stdout) as Printed;
}

/** Peak memory and time of the command over `counts` small frames, ascending; each is the first ones, linked again. */
export async function memorySection({ work }: PaletteBench, counts: readonly number[]): Promise<Section> {
  const few = join(work, 'few');
  await makeFrames(few, counts[0]!, { width: 128, height: 180 });
  const lines: string[][] = [];
  let least = 0;
  for (const count of counts) {
    const frames = join(work, `linked-${count}`);
    const output = join(work, `out-${count}`);
    linkFrames(few, frames, count);
    const { peakMemoryBytes, seconds: taken } = command(['palette', frames, '-o', output, '--size', '64x90']);
    least ||= peakMemoryBytes;
    const ratio = show(peakMemoryBytes / least);
    lines.push([`${count}`, mebibytes(peakMemoryBytes), ratio, show(taken.total), show((taken.total * 1000) / count)]);
    for (const folder of [frames, output]) rmSync(folder, { recursive: true });
  }
  return {
    title: 'Memory and time by number of frames of 128×180, the whole command',
    columns: ['frames', 'peak, MiB', 'against the first', 'seconds', 'ms a frame'],
    lines,
  };
}

/** Peak memory of a dataset of small frames with one large image among them, by its side. */
export async function largeSection({ work }: PaletteBench, sides: readonly number[]): Promise<Section> {
  const few = join(work, 'beside');
  await makeFrames(few, 30, SMALL);
  const lines: string[][] = [];
  let least = 0;
  for (const side of sides) {
    const image = join(work, 'large.tif');
    const tile = { tile: true, tileWidth: 512, tileHeight: 512 } as const;
    await sharp({ create: { width: side, height: side, channels: 3, background: '#805020' }, limitInputPixels: false })
      .tiff({ compression: 'none', bigtiff: true, ...tile })
      .toFile(image);
    const job = join(work, 'dataset.json');
    const output = join(work, 'out-large');
    writeFileSync(job, JSON.stringify({ frames: [few], images: [{ image, character: 'knight' }], output }));
    const { peakMemoryBytes, seconds: taken } = command(['run', job]);
    least ||= peakMemoryBytes;
    lines.push([`${side}×${side}`, mebibytes(peakMemoryBytes), show(peakMemoryBytes / least), show(taken.total)]);
    for (const path of [image, output]) rmSync(path, { recursive: true });
  }
  return {
    title: '30 frames and one uncompressed RGB image in one dataset, at their own sizes',
    columns: ['large image', 'peak, MiB', 'against the first', 'seconds'],
    lines,
  };
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)}`;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

/** Three digits. */
export function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
