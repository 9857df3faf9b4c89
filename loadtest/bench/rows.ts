import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JobResult } from '../../coordinator/index.js';
import { bestRatio, type Contestant, contest, isInstalled, median, pairedRatio, type Times } from './contest.js';
import type { Pair } from './inputs.js';

const COMMAND = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** What every section of the benchmark gets. */
export interface BenchOptions {
  readonly work: string;
  readonly side: number;
  readonly hugeSide: number;
  readonly rounds: number;
  readonly python: string;
}

/** One line of the table of ratios. */
export interface Row {
  readonly what: string;
  /** Median and fastest seconds, as text; why not, where a peer is missing. */
  readonly ours: string;
  readonly peer: string;
  /** Median of the ratios within each round, and ratio of the fastest runs. */
  readonly ratio: string;
  readonly best: string;
  /** Ratio of the processor seconds of each one's cheapest run. */
  readonly processor: string;
  readonly target: string;
}

/** halotile's own blur as a contestant; `printed` is its `--json`. */
export function blurRun(name: string, { image, map }: Pair, output: string, flags: readonly string[]): Contestant {
  return jobRun(name, ['blur', image, '--map', map], output, flags);
}

/** The same of any command of one image. */
export function jobRun(name: string, begins: readonly string[], output: string, flags: readonly string[]): Contestant {
  const command = [process.execPath, COMMAND, ...begins, '-o', output, '--json', '--restart', ...flags];
  return { name, commands: [command], outputs: [output] };
}

/** Plain `cp` of both inputs, copying every byte. */
export function copyRun({ image, map }: Pair, work: string): Contestant {
  const outputs = [join(work, 'copy-image'), join(work, 'copy-map')];
  const copy = (from: string, to: string) => ['cp', '--reflink=never', from, to];
  return { name: 'cp', commands: [copy(image, outputs[0]!), copy(map, outputs[1]!)], outputs };
}

/** libvips writes the pyramid of an image; zlib's default level, since its deflate has no other. */
export function vipsRun(image: string, work: string): Contestant {
  const output = join(work, 'vips.tif');
  const shape = ['--tile', '--tile-width', '512', '--tile-height', '512', '--pyramid', '--bigtiff'];
  const codec = ['--compression', 'deflate', '--predictor', 'horizontal'];
  return { name: 'vips', commands: [['vips', 'tiffsave', image, output, ...shape, ...codec]], outputs: [output] };
}

/** GDAL translates an image to a cloud-optimised GeoTIFF on all processors. */
export function gdalRun(image: string, work: string, level: number): Contestant {
  const output = join(work, 'gdal.tif');
  const options = ['COMPRESS=DEFLATE', `LEVEL=${level}`, 'PREDICTOR=YES', 'BLOCKSIZE=512', 'NUM_THREADS=ALL_CPUS'];
  const creation = [...options, 'BIGTIFF=YES', 'OVERVIEW_RESAMPLING=AVERAGE'].flatMap((option) => ['-co', option]);
  return {
    name: 'gdal',
    commands: [['gdal_translate', '-q', '-of', 'COG', ...creation, image, output]],
    outputs: [output],
  };
}

/** The JSON that a run of halotile printed. */
export function resultOf({ printed }: Times): JobResult {
  return JSON.parse(printed) as JobResult;
}

/** A line of two contestants. */
export function rowOf(what: string, ours: Times, peer: Times, target: string): Row {
  return {
    what,
    ours: secondsOf(ours),
    peer: secondsOf(peer),
    ratio: pairedRatio(ours, peer).toFixed(2),
    best: bestRatio(ours, peer).toFixed(2),
    processor: (Math.min(...ours.cpuSeconds) / Math.min(...peer.cpuSeconds)).toFixed(2),
    target,
  };
}

/** The line of a peer that this machine lacks. */
export function missingRow(what: string, peer: string, target = '-'): Row {
  return { what, ours: '-', peer: `no ${peer}`, ratio: '-', best: '-', processor: '-', target };
}

/** Ours against a peer's program, or the line that says that it is missing. */
export function against(
  what: string,
  { ours, peer, program, target }: { ours: Contestant; peer: Contestant; program: string; target: string },
  options: { readonly rounds: number; readonly warmUp: boolean; readonly inputs: readonly string[] },
): { readonly row: Row; readonly times?: Times } {
  if (!isInstalled(program)) return { row: missingRow(what, program) };
  const [times, others] = contest([ours, peer], options);
  return { row: rowOf(what, times!, others!, target), times: times! };
}

function secondsOf({ seconds, cpuSeconds }: Times): string {
  const cpu = Math.min(...cpuSeconds).toFixed(2);
  return `${median(seconds).toFixed(2)} s, best ${Math.min(...seconds).toFixed(2)}; processor ${cpu} s`;
}
