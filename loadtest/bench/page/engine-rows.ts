import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync, inflateSync } from 'node:zlib';
import type { JobResult } from '../../../coordinator/index.js';
import { openTiffSource } from '../../../tiling/sources/tiff-file-source.js';
import { type Contestant, contest, isInstalled, pairedRatio, type Times } from '../contest.js';
import { type Pair, scene } from '../inputs.js';
import { copyRun } from '../rows.js';
import type { Measured, PageOptions, PageRow, Wanted } from './page-row.js';

const COMMAND = fileURLToPath(new URL('../../../cli/main.js', import.meta.url));
const PLAIN = ['--compression', 'none'];
/** Radii of the scene end there; those of row 3 are raw distances. */
const MAX_RADIUS = 64;
const FAR_RADIUS = 12_000;
/** Blocks whose size is compared with zlib's. */
const BLOCKS = 300;

/** Any command of one image as a contestant; `printed` is its `--json`. */
export function jobRun(args: readonly string[], output: string): Contestant {
  const command = [process.execPath, COMMAND, ...args, '-o', output, '--json', '--restart'];
  return { name: args.join(' '), commands: [command], outputs: [output] };
}

/** A row that is the ratio of two contestants of the same rounds. */
export function ratioOf(wanted: Wanted, ours: Times, peer: Times): PageRow {
  const processor = Math.min(...ours.cpuSeconds) / Math.min(...peer.cpuSeconds);
  return { ...wanted, figure: pairedRatio(ours, peer), processor };
}

export const resultOf = ({ printed }: Times) => JSON.parse(printed) as JobResult;

/** Rows 1, 1a, 2 and 3: the engine against copies, its default codec and wide windows. */
export async function engineRows({ work, scratch, side, rounds }: PageOptions): Promise<Measured> {
  const pair = await scene(work, side);
  const { image, map } = pair;
  const output = join(scratch, 'out.tif');
  const blur = (...flags: string[]) => jobRun(['blur', image, '--map', map, ...flags], output);
  const far = Math.min(FAR_RADIUS, 0.8 * side);
  const contestants = [
    blur(...PLAIN),
    jobRun(['process', image, '--op', 'gamma:gamma=1', ...PLAIN], output),
    copyRun(pair, scratch),
    blur(...PLAIN, '--scale', String(far / MAX_RADIUS)),
    blur(),
  ];
  const options = { rounds, warmUp: true, inputs: [image, map] };
  const [plain, copied, cp, wide, packed] = contest(contestants, options) as [Times, Times, Times, Times, Times];
  const size = 'size by default against zlib level 1';
  const rows = [
    ratioOf(
      { row: '1', what: 'blur by map, radius ≤ 64 / only copied', target: { atMost: 1.5 }, unit: '×' },
      plain,
      copied,
    ),
    ratioOf({ row: '1a', what: 'only copied / cp of the inputs', target: { atMost: 2.5 }, unit: '×' }, copied, cp),
    ratioOf(
      { row: '2', what: 'blur, deflate out / uncompressed out', target: { atMost: 1.5 }, unit: '×' },
      packed,
      plain,
    ),
    { row: '2', what: size, target: { atMost: 1.1 }, unit: '×', figure: sizeAgainstZlib(output) },
    ratioOf(
      { row: '3', what: `blur, radius to ${Math.round(far)} / ≤ 64`, target: { atMost: 3 }, unit: '×' },
      wide,
      plain,
    ),
  ];
  return { rows };
}

/** Row 1b: what is read of inputs in strips of 128 rows, overviews left out, since they are read of the output. */
export async function stripRows({ work, scratch, side }: PageOptions): Promise<Measured> {
  return { rows: [stripBytes(await scene(work, side), scratch)] };
}

function stripBytes({ image, map }: Pair, work: string): PageRow {
  const wanted = {
    row: '1b',
    what: 'bytes read of uncompressed strips / of the inputs',
    target: { atMost: 1.3 },
    unit: '×',
  };
  if (!isInstalled('gdal_translate')) return { ...wanted, figure: Number.NaN, missing: 'no gdal_translate' };
  const made = { image: join(work, 'strips.tif'), map: join(work, 'strips-distance.tif') };
  const layout = ['TILED=NO', 'BLOCKYSIZE=128', 'BIGTIFF=YES'].flatMap((option) => ['-co', option]);
  spawnSync('gdal_translate', ['-q', ...layout, image, made.image]);
  spawnSync('gdal_translate', ['-q', ...layout, map, made.map]);
  const run = jobRun(
    ['blur', made.image, '--map', made.map, ...PLAIN, '--no-overviews'],
    join(work, 'from-strips.tif'),
  );
  const [times] = contest([run], { rounds: 1, warmUp: false, inputs: [] });
  const bytes = statSync(made.image).size + statSync(made.map).size;
  return { ...wanted, figure: resultOf(times!).bytes.read / bytes };
}

/** Encoded bytes of some blocks of a file against those of zlib's level 1 for the same predicted samples. */
function sizeAgainstZlib(path: string): number {
  const source = openTiffSource(path, { directory: 0 });
  const blocks = source.layout.across * source.layout.down;
  let [ours, zlibs] = [0, 0];
  for (let index = 0; index < blocks; index += Math.ceil(blocks / BLOCKS)) {
    const encoded = source.readBlock(index);
    ours += encoded.length;
    zlibs += deflateSync(inflateSync(encoded), { level: 1 }).length;
  }
  source.close();
  return ours / zlibs;
}
