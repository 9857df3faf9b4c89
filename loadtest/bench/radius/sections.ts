import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Contestant, contest, isInstalled, type Times } from '../contest.js';
import { scene } from '../inputs.js';
import type { Section } from '../report.js';
import { type BenchOptions, blurRun, jobRun, missingRow, type Row, resultOf, rowOf } from '../rows.js';

const REGIONS = fileURLToPath(new URL('../../../../loadtest/bench/radius/regions.py', import.meta.url));
const NUMBA = fileURLToPath(new URL('../../../../loadtest/bench/numba-sat.py', import.meta.url));
const PLAIN = ['--compression', 'none', '--no-overviews'];
/** dask-image takes minutes where the image is larger. */
const DASK_SIDE = 6000;
/** What each peer's row is to be. */
const TARGETS = {
  'opencv-distance': '≤ 1',
  'scipy-distance': '≤ 0.1',
  'opencv-labels': '≤ 1',
  'dask-labels': '≤ 0.1',
} as const;
const COLUMNS = ['what', 'halotile', 'peer', 'ratio (paired)', 'ratio (processor)', 'target'];

/** Masks and what their distances are; made once for a folder. */
function masks({ work, side, python }: BenchOptions) {
  const folder = join(work, `masks-${side}`);
  mkdirSync(folder, { recursive: true });
  const named = (name: string) => join(folder, `${name}.tif`);
  if (!existsSync(named('grey'))) run([python, REGIONS, 'make', folder, `${side}`]);
  const distances = named('distances');
  const made = jobRun('distances', ['process', named('seeds')], distances, ['--op', 'distance', ...PLAIN]);
  if (!existsSync(distances)) run(made.commands[0]!);
  return { seeds: named('seeds'), blobs: named('blobs'), grey: named('grey'), distances };
}

function run([program, ...args]: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program!, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** Windows as wide as the image, against narrow ones and against a whole table in memory. */
export async function wideWindows(options: BenchOptions): Promise<Section> {
  return { title: 'Windows of any radius', columns: COLUMNS, lines: lines(await wideRows(options)) };
}

/** The lines of {@link wideWindows}. */
export async function wideRows(options: BenchOptions): Promise<Row[]> {
  const { work, side, rounds, python } = options;
  const { distances } = masks(options);
  const { image } = await scene(work, side);
  const output = join(work, 'out.tif');
  // The farthest pixel is at a corner.
  const farthest = Math.hypot(1, 1) * side * (1 - 1 / 8);
  const blur = (largest: number, ...flags: string[]) => {
    const scale = largest === Number.POSITIVE_INFINITY ? [] : ['--scale', `${largest / farthest}`];
    return blurRun(`${largest}`, { image, map: distances }, output, [...PLAIN, ...scale, ...flags]);
  };
  const raw = Number.POSITIVE_INFINITY;
  const contestants = [blur(raw), blur(64), blur(600), blur(raw, ...GAUSSIAN), blur(64, ...GAUSSIAN)];
  const hasNumba = spawnSync(python, ['-c', 'import numba, tifffile']).status === 0;
  const numba = { name: 'numba', commands: [[python, NUMBA, image, distances, output]], outputs: [output] };
  const times = contest(hasNumba ? [...contestants, numba] : contestants, {
    ...{ rounds, warmUp: false, inputs: [image, distances] },
  });
  const [wide, narrow, middle, wideGaussian, narrowGaussian] = times as [Times, Times, Times, Times, Times];
  const radius = Math.round(farthest);
  return [
    rowOf(`box by distances, radius to ${radius} / to 64`, wide, narrow, '≤ 3'),
    rowOf('the same, radius to 600 / to 64', middle, narrow, '≤ 2'),
    rowOf(`gaussian by distances, sigma to ${radius} / to 64`, wideGaussian, narrowGaussian, '≤ 2'),
    ...(hasNumba
      ? [numbaRow(`box, radius to ${radius} / NumPy and Numba, the whole table in memory`, wide, times[5]!)]
      : [missingRow('the same / NumPy and Numba', 'Numba with tifffile', '≤ 0.5')]),
  ];
}

const GAUSSIAN = ['--kernel', 'gaussian'];

function numbaRow(what: string, ours: Times, numba: Times): Row {
  const peer = ownSeconds(numba);
  const memory = `${mib(resultOf(ours).peakMemoryBytes)} of ${numba.printed.split(' ')[1]!.trim()} MiB`;
  return rowOf(`${what}; peak memory ${memory}`, ours, peer, '≤ 0.5, a tenth');
}

/** Distances, components, and a map that is made on the way. */
export async function regions(options: BenchOptions): Promise<Section> {
  return { title: 'Distances and labels', columns: COLUMNS, lines: lines(await regionRows(options)) };
}

/** The lines of {@link regions}. */
export async function regionRows(options: BenchOptions): Promise<Row[]> {
  const { work, side, rounds, python } = options;
  const { seeds, blobs, grey } = masks(options);
  const { image } = await scene(work, side);
  const output = join(work, 'out.tif');
  const peerOf = (name: string, file: string): Contestant => {
    return { name, commands: [[python, REGIONS, name, file]], outputs: [] };
  };
  const rows: Row[] = [];
  const daskSide = Math.min(side, DASK_SIDE);
  const labelsOf = (pixels: number) => `labels of ${Math.floor(pixels / 15) ** 2} components`;
  for (const [what, file, op, peers] of [
    ['distances to a mask', seeds, 'distance', ['opencv-distance', 'scipy-distance']],
    [labelsOf(side), blobs, 'label', ['opencv-labels']],
    [labelsOf(daskSide), masks({ ...options, side: daskSide }).blobs, 'label', ['dask-labels']],
  ] as const) {
    const there = peers.filter((name) => isInstalled(python) && isThere(python, name));
    const ours = jobRun(op, ['process', file], output, ['--op', op, ...PLAIN]);
    const [times, ...others] = contest([ours, ...there.map((name) => peerOf(name, file))], {
      ...{ rounds, warmUp: false, inputs: [file] },
    });
    for (const name of peers) {
      const peer = others[there.indexOf(name)];
      rows.push(
        peer
          ? rowOf(`${what} / ${name}`, times!, ownSeconds(peer), TARGETS[name])
          : missingRow(`${what} / ${name}`, name, TARGETS[name]),
      );
    }
  }
  const [mask, map] = [join(work, 'mask.tif'), join(work, 'map.tif')];
  const blurFlags = ['--scale', '0.05', '--max-radius', '300'];
  const threshold = 'threshold:value=250';
  const joined = jobRun('joined', ['blur', image, '--mask', grey, '--mask-op', threshold], output, [
    ...['--distance-from', 'white', ...blurFlags, ...PLAIN],
  ]);
  const steps: Contestant = {
    name: 'steps',
    commands: [
      jobRun('', ['process', grey], mask, ['--op', threshold, ...PLAIN]).commands[0]!,
      jobRun('', ['process', mask], map, ['--op', 'distance', ...PLAIN]).commands[0]!,
      blurRun('', { image, map }, output, [...blurFlags, ...PLAIN]).commands[0]!,
    ],
    outputs: [mask, map, output],
  };
  const [one, three] = contest([joined, steps], { rounds, warmUp: false, inputs: [image, grey] });
  rows.push(rowOf('threshold, distance and blur in one command / one after the other', one!, three!, '≤ 0.8'));
  return rows;
}

function isThere(python: string, name: string): boolean {
  const module = { opencv: 'cv2', scipy: 'scipy', dask: 'dask_image' }[name.split('-')[0]!]!;
  return spawnSync(python, ['-c', `import ${module}, tifffile`]).status === 0;
}

/** A peer by its script's own clock: imports and compilation take seconds, which nobody compares. */
function ownSeconds(times: Times): Times {
  return { ...times, seconds: times.seconds.map(() => Number(times.printed.split(' ')[0])) };
}

function lines(rows: readonly Row[]): string[][] {
  return rows.map(({ what, ours, peer, ratio, processor, target }) => [what, ours, peer, ratio, processor, target]);
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
