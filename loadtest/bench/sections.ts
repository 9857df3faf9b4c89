import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JobResult } from '../../coordinator/index.js';
import { contest, isInstalled, type Times } from './contest.js';
import { type Pair, repeatedScene, scene } from './inputs.js';
import { kernelAtRadius } from './kernel-radius.js';
import { places } from './places/section.js';
import { regions, wideWindows } from './radius/sections.js';
import type { Section } from './report.js';
import {
  against,
  type BenchOptions,
  blurRun,
  copyRun,
  gdalRun,
  missingRow,
  type Row,
  resultOf,
  rowOf,
  vipsRun,
} from './rows.js';

const ROW_COLUMNS = ['what', 'halotile', 'peer', 'ratio (paired)', 'ratio (best)', 'target'];
const STAGES = ['prepare', 'read', 'decode', 'kernel', 'encode', 'write', 'assemble', 'total'] as const;
const PLAIN = ['--compression', 'none'];

/** The sections by the name that `--rows` takes. */
export const SECTIONS = {
  '1': uncompressed,
  '2': deflate,
  '3': kernel,
  '4': memory,
  growth,
  peers,
  radius: wideWindows,
  regions,
  places,
} as const;
export type SectionName = keyof typeof SECTIONS;

async function uncompressed({ work, side, rounds }: BenchOptions): Promise<Section> {
  const pair = await scene(work, side);
  const inputs = [pair.image, pair.map];
  const output = join(work, 'out.tif');
  const [tiled, copy] = contest([blurRun('tiled', pair, output, PLAIN), copyRun(pair, work)], {
    rounds,
    warmUp: true,
    inputs,
  });
  const rows = [rowOf('1. uncompressed tiled in and out, overviews / cp', tiled!, copy!, '≤ 1.0')];
  const striped = stripedCopy(pair, work);
  if (striped === undefined) rows.push(missingRow('1. the same, striped inputs', 'gdal_translate'));
  else {
    const contestants = [blurRun('striped', striped, output, PLAIN), copyRun(striped, work)];
    const [ours, peer] = contest(contestants, { rounds, warmUp: true, inputs: [striped.image, striped.map] });
    rows.push(rowOf('1. the same, striped inputs / cp', ours!, peer!, '≤ 1.0'));
  }
  cleanUp(work, ['out.tif', 'copy-image', 'copy-map']);
  return withStages('Row 1: uncompressed', rows, [['tiled', tiled!]]);
}

async function deflate({ work, side, rounds }: BenchOptions): Promise<Section> {
  const pair = await scene(work, side);
  const output = join(work, 'out.tif');
  const run = (level: number, from: Pair = pair) =>
    blurRun(`level ${level}`, from, output, ['--compression', 'deflate', '--level', String(level)]);
  const options = { rounds, warmUp: false, inputs: [pair.image, pair.map] };
  const vips = against(
    '2. deflate level 6, predictor, tile 512 / vips tiffsave of the image',
    { ours: run(6), peer: vipsRun(pair.image, work), program: 'vips', target: '≤ 0.6' },
    options,
  );
  const blurred = blurRun('blurred', pair, join(work, 'blurred.tif'), PLAIN);
  contest([blurred], { rounds: 1, warmUp: false, inputs: [] });
  const vipsBlurred = against(
    '2. the same / vips tiffsave of the blurred pixels, which compress faster',
    { ours: run(6), peer: vipsRun(join(work, 'blurred.tif'), work), program: 'vips', target: '≤ 0.6' },
    options,
  );
  const gdal = against(
    '2. deflate level 1 / GDAL COG of the image, level 1, all processors',
    { ours: run(1), peer: gdalRun(pair.image, work, 1), program: 'gdal_translate', target: '-' },
    options,
  );
  const packed = packedCopy(pair, work);
  const [compressed, plain] = contest([run(1, packed), run(1)], {
    ...options,
    warmUp: true,
    inputs: [...options.inputs, packed.image, packed.map],
  });
  const rows = [
    vips.row,
    vipsBlurred.row,
    gdal.row,
    rowOf('2. deflate inputs / uncompressed inputs, out level 1', compressed!, plain!, '-'),
  ];
  const stages: [string, Times][] = [
    ...(vips.times === undefined ? [] : [['level 6', vips.times] as [string, Times]]),
    ['level 1', plain!],
    ['level 1, deflate in', compressed!],
  ];
  const section = withStages('Row 2: deflate', rows, stages);
  const sizes = stages.map(([name, times]) => [
    `${name}: bytes out / pixel bytes`,
    sizeOf(resultOf(times)),
    '',
    '',
    '',
    '',
  ]);
  const decoded = resultOf(compressed!).blocksDecoded.perBlock.toFixed(3);
  cleanUp(work, ['out.tif', 'blurred.tif', 'vips.tif', 'gdal.tif']);
  return {
    ...section,
    lines: [...section.lines, ...sizes, ['deflate in: decodes of each input block', decoded, '', '', '', '≤ 1.25']],
  };
}

async function kernel({ work, side, rounds }: BenchOptions): Promise<Section> {
  const pair = await scene(work, side);
  const timings = Array.from(
    { length: 2 * rounds },
    () => [kernelAtRadius(pair, 8), kernelAtRadius(pair, 255)] as const,
  );
  const fastest = (index: 0 | 1) =>
    timings.map((pairOf) => pairOf[index]).reduce((a, b) => (a.nsPerPixel <= b.nsPerPixel ? a : b));
  const [small, large] = [fastest(0), fastest(1)];
  const text = ({ tile, nsPerPixel }: typeof small) => `${nsPerPixel} ns a pixel, tile ${tile}`;
  const ratio = (large.nsPerPixel / small.nsPerPixel).toFixed(2);
  const line = ['3. box by map with its halo, radius 255 / radius 8', text(large), text(small), '', ratio, '≤ 2.5'];
  return { title: 'Row 3: kernel', columns: ROW_COLUMNS, lines: [line] };
}

async function memory({ work, side, hugeSide }: BenchOptions): Promise<Section> {
  const pair = await scene(work, side);
  const huge = repeatedScene(work, pair, side, hugeSide);
  const run = (from: Pair) => {
    const times = contest([blurRun('deflate', from, join(work, 'out.tif'), ['--threads', '2'])], {
      rounds: 1,
      warmUp: false,
      inputs: [from.image, from.map],
    });
    return { times: times[0]!, result: resultOf(times[0]!) };
  };
  const [small, large] = [run(pair), run(huge)];
  const mib = ({ result }: typeof small) => `${Math.round(result.peakMemoryBytes / 2 ** 20)} MiB`;
  const ratio = (large.result.peakMemoryBytes / small.result.peakMemoryBytes).toFixed(2);
  const perPixel = ({ times, result }: typeof small) => (times.cpuSeconds[0]! * 1e9) / result.width / result.height;
  const text = (run: typeof small) => `${perPixel(run).toFixed(1)} ns a pixel`;
  const growth = (perPixel(large) / perPixel(small)).toFixed(2);
  const lines = [
    [
      `4. peak memory ${hugeSide}² / ${side}², two threads, deflate`,
      mib(large),
      mib(small),
      '',
      ratio,
      '≤ 1.2, ≤ 512 MiB',
    ],
    [`4. processor time of a pixel ${hugeSide}² / ${side}²`, text(large), text(small), '', growth, '-'],
  ];
  cleanUp(work, ['out.tif']);
  return { title: 'Row 4: memory', columns: ROW_COLUMNS, lines };
}

async function growth({ work, side, rounds }: BenchOptions): Promise<Section> {
  const lines: string[][] = [];
  for (const size of [1000, 2000, 4000, 8000, 15000].filter((size) => size <= side)) {
    const pair = await scene(work, size);
    const [times] = contest([blurRun(`${size}`, pair, join(work, 'out.tif'), PLAIN)], {
      rounds,
      warmUp: true,
      inputs: [pair.image, pair.map],
    });
    const best = Math.min(...times!.seconds);
    const inside = resultOf(times!).seconds.total;
    const mib = Math.round(resultOf(times!).peakMemoryBytes / 2 ** 20);
    const cpu = Math.min(...times!.cpuSeconds);
    const perPixel = ((cpu * 1e9) / size ** 2).toFixed(1);
    lines.push([`${size}²`, best.toFixed(2), inside.toFixed(2), cpu.toFixed(2), perPixel, `${mib}`]);
  }
  cleanUp(work, ['out.tif']);
  const columns = [
    'uncompressed',
    'best wall s',
    'inside the last run s',
    'best processor s',
    'processor ns a pixel',
    'peak MiB',
  ];
  return { title: 'Growth with size', columns, lines };
}

async function peers({ work, side, rounds, python }: BenchOptions): Promise<Section> {
  const what = 'blur / NumPy and Numba with the whole image in memory, compilation not counted';
  const hasNumba = isInstalled(python) && spawnSync(python, ['-c', 'import numba, tifffile']).status === 0;
  if (!hasNumba) return withStages('Peers', [missingRow(what, 'Numba with tifffile')], []);
  const pair = await scene(work, side);
  const out = join(work, 'numba.raw');
  const script = fileURLToPath(new URL('../../../loadtest/bench/numba-sat.py', import.meta.url));
  const numba = { name: 'numba', commands: [[python, script, pair.image, pair.map, out]], outputs: [out] };
  const ours = blurRun('none', pair, join(work, 'out.tif'), [...PLAIN, '--no-overviews']);
  const [times, peer] = contest([ours, numba], { rounds, warmUp: false, inputs: [pair.image, pair.map] });
  cleanUp(work, ['out.tif', 'numba.raw']);
  // Imports and compilation take seconds: the script's own clock is the fair one, of its last round.
  const last = { ...peer!, seconds: peer!.seconds.map(() => Number(peer!.printed.split(' ')[0])) };
  return withStages('Peers', [rowOf(what, times!, last, '-')], []);
}

/** Inputs in strips, made where GDAL is there to do it. */
function stripedCopy({ image, map }: Pair, work: string): Pair | undefined {
  const made = { image: join(work, 'striped.tif'), map: join(work, 'striped-distance.tif') };
  if (existsSync(made.image) && existsSync(made.map)) return made;
  if (!isInstalled('gdal_translate')) return undefined;
  for (const [from, to] of [
    [image, made.image],
    [map, made.map],
  ] as const) {
    spawnSync('gdal_translate', ['-q', '-co', 'TILED=NO', '-co', 'BIGTIFF=YES', from, to]);
  }
  return made;
}

/** Inputs in deflate, which a radius of 0 everywhere copies. */
function packedCopy({ image, map }: Pair, work: string): Pair {
  const made = { image: join(work, 'packed.tif'), map: join(work, 'packed-distance.tif') };
  const copy = (from: string, to: string) =>
    blurRun('copy', { image: from, map }, to, ['--scale', '0', '--no-overviews', '--compression', 'deflate']);
  contest([copy(image, made.image), copy(map, made.map)], { rounds: 1, warmUp: false, inputs: [] });
  return made;
}

function sizeOf({ bytes, width, height, channels }: JobResult): string {
  return (bytes.output / (width * height * channels)).toFixed(3);
}

/** Rows of ratios, then the seconds of each stage over all threads. */
function withStages(title: string, rows: readonly Row[], runs: readonly (readonly [string, Times])[]): Section {
  const lines = rows.map(({ what, ours, peer, ratio, best, target }) => [what, ours, peer, ratio, best, target]);
  const stages = runs.map(([name, times]) => {
    const { seconds } = resultOf(times);
    return [
      `${name}: seconds by stage`,
      STAGES.map((stage) => `${stage} ${seconds[stage].toFixed(2)}`).join(', '),
      '',
      '',
      '',
      '',
    ];
  });
  return { title, columns: ROW_COLUMNS, lines: [...lines, ...stages] };
}

function cleanUp(work: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(work, name), { force: true });
}
