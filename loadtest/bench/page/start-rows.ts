import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { contest, isInstalled, median } from '../contest.js';
import { scene } from '../inputs.js';
import { jobRun, ratioOf, resultOf } from './engine-rows.js';
import type { Measured, PageOptions } from './page-row.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const COMMAND = join(ROOT, 'dist/cli/main.js');
const SIDE = 1024;
const TINY = 64;

/** Rows 8 and a: what a small image and a word of help cost, and what starting takes of it, all in turns. */
export async function startRows({ work, scratch, rounds }: PageOptions): Promise<Measured> {
  const { image, map } = await scene(work, SIDE);
  const node = (name: string, ...args: string[]) => ({ name, commands: [[process.execPath, ...args]], outputs: [] });
  const output = join(scratch, 'small.tif');
  const blurred = join(scratch, 'vips.tif');
  const vips = { name: 'vips gaussblur', commands: [['vips', 'gaussblur', image, blurred, '3']], outputs: [blurred] };
  const ours = { ...jobRun(['process', image, '--op', 'gaussian:sigma=3'], output), name: 'Gaussian of one sigma' };
  const contestants = [
    ours,
    { ...jobRun(['blur', image, '--map', map], output), name: 'box by map' },
    node('--help', COMMAND, '--help'),
    node('--version', COMMAND, '--version'),
    node('an empty Node', '-e', '0'),
    ...(isInstalled('vips') ? [vips] : []),
  ];
  const times = contest(contestants, { rounds: Math.max(5, rounds), warmUp: true, inputs: [image, map] });
  const [own, , help, , , peer] = times;
  const wanted = { row: '8', what: 'one 1024×1024 image / vips gaussblur', target: { atMost: 3 }, unit: '×' };
  return {
    rows: [
      peer === undefined ? { ...wanted, figure: Number.NaN, missing: 'no vips' } : ratioOf(wanted, own!, peer),
      { row: 'a', what: '--help', target: { atMost: 0.12 }, unit: 's', figure: median(help!.seconds) },
    ],
    tables: [
      {
        title: `Starting, and ${SIDE}×${SIDE} of RGB (medians of ${Math.max(5, rounds)})`,
        columns: ['what', 'wall, s', 'best', 'processor, s'],
        lines: times.map(({ name, seconds, cpuSeconds }) => [
          ...[name, median(seconds).toFixed(3), Math.min(...seconds).toFixed(3), median(cpuSeconds).toFixed(2)],
        ]),
      },
    ],
  };
}

/** Row a: one job over many images of 64×64, of which ten differ. */
export async function tinyImages({ scratch, images }: PageOptions): Promise<Measured> {
  const folder = join(scratch, 'tiny');
  mkdirSync(folder);
  for (let index = 0; index < images; index++) {
    const path = join(folder, `${index}.tif`);
    if (index >= 10) linkSync(join(folder, `${index % 10}.tif`), path);
    else {
      const background = { r: 20 * index, g: 90, b: 200 };
      await sharp({ create: { width: TINY, height: TINY, channels: 3, background } })
        .tiff({ compression: 'none' })
        .toFile(path);
    }
  }
  const output = join(scratch, 'tiny-out');
  const threads = Math.min(availableParallelism(), images);
  const run = jobRun(['process', folder, '--op', 'box:radius=2', '--threads', String(threads)], output);
  const [times] = contest([run], { rounds: 1, warmUp: false, inputs: [] });
  const { total } = resultOf(times!).seconds;
  const row = {
    ...{ row: 'a', what: `${images} images of ${TINY}×${TINY}`, target: { atMost: 3 }, unit: 'ms an image and thread' },
    figure: (1000 * total * threads) / images,
  };
  return { rows: [row] };
}

/** Row h. */
export function installed(): Measured {
  const wanted = { row: 'h', what: 'installed without a GPU', target: { atMost: 60 }, unit: 'MB' };
  return { rows: [{ ...wanted, figure: installedBytes() / 1e6 }] };
}

interface LockedPackage {
  readonly dev?: true;
  readonly devOptional?: true;
  readonly peer?: true;
}

/** Bytes of the packages that come with this one, as they lie here: those for development and optional peers do not. */
function installedBytes(): number {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const installed = Object.entries(packages).filter(
    ([path, { dev, devOptional, peer }]) =>
      path !== '' && !dev && !devOptional && !peer && existsSync(join(ROOT, path)),
  );
  return installed.reduce((sum, [path]) => sum + bytesBelow(join(ROOT, path)), 0);
}

/** Files of a package, those of packages inside it left out. */
function bytesBelow(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) bytes += statSync(path).size;
    else if (entry.isDirectory() && entry.name !== 'node_modules') bytes += bytesBelow(path);
  }
  return bytes;
}
