import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { contest, isInstalled, median } from '../contest.js';
import { scene } from '../inputs.js';
import { jobRun, ratioOf, resultOf } from './engine-rows.js';
import type { PageOptions, PageRow } from './page-row.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const COMMAND = join(ROOT, 'dist/cli/main.js');
const SIDE = 1024;
const TINY = 64;

/** Rows 8, a and h: what a small image, a word of help, many tiny images and an installation cost. */
export async function startRows(options: PageOptions): Promise<PageRow[]> {
  const help = { name: 'help', commands: [[process.execPath, COMMAND, '--help']], outputs: [] };
  const [asked] = contest([help], { rounds: options.rounds, warmUp: true, inputs: [] });
  return [
    await smallImage(options),
    { row: 'a', what: '--help', target: { atMost: 0.12 }, unit: 's', figure: median(asked!.seconds) },
    await tinyImages(options),
    { row: 'h', what: 'installed without a GPU', target: { atMost: 60 }, unit: 'MB', figure: installedBytes() / 1e6 },
  ];
}

async function smallImage({ work, rounds }: PageOptions): Promise<PageRow> {
  const wanted = { row: '8', what: 'one 1024×1024 image / vips gaussblur', target: { atMost: 3 }, unit: '×' };
  if (!isInstalled('vips')) return { ...wanted, figure: Number.NaN, missing: 'no vips' };
  const { image } = await scene(work, SIDE);
  const blurred = join(work, 'small.tif');
  const vips = { name: 'vips', commands: [['vips', 'gaussblur', image, blurred, '3']], outputs: [blurred] };
  const ours = jobRun(['process', image, '--op', 'gaussian:sigma=3'], join(work, 'small-out.tif'));
  const [own, peer] = contest([ours, vips], { rounds: Math.max(3, rounds), warmUp: true, inputs: [image] });
  return ratioOf(wanted, own!, peer!);
}

/** One job over many images of 64×64, of which ten differ. */
async function tinyImages({ work, images }: PageOptions): Promise<PageRow> {
  const folder = join(work, 'tiny');
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
  const output = join(work, 'tiny-out');
  const threads = Math.min(availableParallelism(), images);
  const run = jobRun(['process', folder, '--op', 'box:radius=2', '--threads', String(threads)], output);
  const [times] = contest([run], { rounds: 1, warmUp: false, inputs: [] });
  const { total } = resultOf(times!).seconds;
  for (const path of [folder, output]) rmSync(path, { recursive: true });
  return {
    ...{ row: 'a', what: `${images} images of ${TINY}×${TINY}`, target: { atMost: 3 }, unit: 'ms an image and thread' },
    figure: (1000 * total * threads) / images,
  };
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
