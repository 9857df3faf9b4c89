// One job over many pairs against a loop of single commands and against as many vips commands at a time as there are
// processors; its time a small image; its memory by the number of images:
// npm run bench:collection -- [--pairs N] [--side PX] [--loop N] [--small N] [--many N]
// With 400 pairs of 2000×2000, 10,000 small images and 1,000 for the memory: some ten minutes on two quiet processors.
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { CollectionResult } from '../../coordinator/index.js';
import { collectionSpecSchema } from '../../tiling/job/collection-spec.js';
import { LocalCluster } from './cluster/local-cluster.js';
import { describeMachine } from './machine.js';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '400' },
    side: { type: 'string', default: '2000' },
    /** Pairs that the slow contestants do; their rate is what counts. */
    loop: { type: 'string', default: '40' },
    /** Images of 128×128. */
    small: { type: 'string', default: '10000' },
    /** The most images whose memory is measured, against ten. */
    many: { type: 'string', default: '1000' },
    /** Images of 64×64 in one submit to a coordinator with two workers. */
    submit: { type: 'string', default: '30000' },
  },
});
const { pairs, side, loop, small, many, submit } = Object.fromEntries(
  Object.entries(values).map(([name, value]) => [name, Number(value)]),
) as Record<keyof typeof values, number>;
const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'halotile-bench-collection-'));

/** Pairs of which ten differ; the others are links to them under other names. */
async function makePairs(folder: string, count: number, sidePx: number): Promise<void> {
  for (const kind of ['slides', 'maps']) mkdirSync(join(folder, kind), { recursive: true });
  const size = { width: sidePx, height: sidePx };
  for (let index = 0; index < count; index++) {
    const [slide, map] = ['slides', 'maps'].map((kind) => join(folder, kind, `${index}.tif`)) as [string, string];
    if (index >= 10) {
      linkSync(join(folder, 'slides', `${index % 10}.tif`), slide);
      linkSync(join(folder, 'maps', `${index % 10}.tif`), map);
      continue;
    }
    const pixels = new Uint8Array(sidePx * sidePx * 3);
    const radii = new Uint8Array(sidePx * sidePx);
    for (let y = 0, at = 0; y < sidePx; y++) {
      for (let x = 0; x < sidePx; x++, at++) {
        const wave = Math.sin((x * (index + 3)) / 90) * Math.cos(y / 70);
        pixels[3 * at] = 128 + 100 * wave;
        pixels[3 * at + 1] = (x ^ y) & 255;
        pixels[3 * at + 2] = (x * y + index) >> 4;
        radii[at] = Math.abs(24 * wave);
      }
    }
    const tile = { tile: true, tileWidth: 256, tileHeight: 256 } as const;
    await sharp(pixels, { raw: { ...size, channels: 3 } })
      .tiff({ compression: 'deflate', ...tile })
      .toFile(slide);
    await sharp(radii, { raw: { ...size, channels: 1 } })
      .toColourspace('b-w')
      .tiff({ compression: 'deflate', ...tile })
      .toFile(map);
  }
}

function seconds(command: string, args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.slice(0, 3).join(' ')}: ${stderr}`);
  return (performance.now() - start) / 1000;
}

function runCollection(folder: string, output: string): Pick<CollectionResult, 'peakMemoryBytes' | 'seconds'> {
  const names = ['--map', join(folder, 'maps/{name}.tif'), '-o', join(folder, output, '{name}.tif')];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'blur', join(folder, 'slides'), ...names, '--json'],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

async function submitted(root: string, count: number): Promise<void> {
  const worker = { threads: 1, byReference: true };
  const cluster = await LocalCluster.start(root, [worker, worker]);
  const spec = collectionSpecSchema.parse({
    ...{ images: 'root:data/slides', map: 'root:data/maps/{name}.tif', output: 'root:data/out/{name}.tif' },
    operations: [{ name: 'box' }],
  });
  try {
    const { wallSeconds, coordinatorCpuSeconds } = await cluster.run(spec);
    row('with a coordinator', count, wallSeconds);
    const peak = (cluster.coordinatorPeakBytes / 2 ** 20).toFixed(0);
    const cpu = ((1000 * coordinatorCpuSeconds) / count).toFixed(2);
    console.log(`  the coordinator: ${cpu} ms of processor time an image, peak memory ${peak} MiB`);
  } finally {
    await cluster.close();
  }
}

const has = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
const row = (what: string, images: number, total: number) =>
  console.log(
    `${what.padEnd(52)} ${(images / total).toFixed(2).padStart(8)} images/s  (${images} in ${total.toFixed(1)} s)`,
  );

try {
  console.log(`${describeMachine()}\n\n${pairs} pairs of ${side}×${side}, RGB of uint8, deflate, box by map`);
  const folder = join(work, 'pairs');
  await makePairs(folder, pairs, side);
  const start = performance.now();
  runCollection(folder, 'out');
  row('one job over many images', pairs, (performance.now() - start) / 1000);
  const slow = Math.min(loop, pairs);
  mkdirSync(join(folder, 'single'));
  const single = `for i in $(seq 0 ${slow - 1}); do "${process.execPath}" "${main}" blur ${folder}/slides/$i.tif --map ${folder}/maps/$i.tif -o ${folder}/single/$i.tif --quiet; done`;
  row('a loop of single commands', slow, seconds('sh', ['-c', single]));
  if (has('vips')) {
    mkdirSync(join(folder, 'vips'));
    const options = 'tile,pyramid,compression=deflate,predictor=horizontal';
    const blur = `vips gaussblur ${folder}/slides/{}.tif '${folder}/vips/{}.tif[${options}]' 8`;
    const at = availableParallelism();
    const vips = `seq 0 ${slow - 1} | VIPS_CONCURRENCY=1 xargs -P ${at} -I{} ${blur}`;
    row(`xargs -P ${at} with vips gaussblur (one sigma)`, slow, seconds('sh', ['-c', vips]));
  } else console.log('vips is not here: not compared');
  rmSync(folder, { recursive: true, force: true });
  const tiny = join(work, 'tiny');
  await makePairs(tiny, small, 128);
  const run = runCollection(tiny, 'out').seconds;
  row('images of 128×128', small, run.total);
  console.log(`  of which found and checked ${(run.find + run.check).toFixed(1)} s`);
  rmSync(tiny, { recursive: true, force: true });
  for (const sidePx of [400, 1000]) {
    console.log(`\npeak memory of images of ${sidePx}×${sidePx}`);
    const peaks: number[] = [];
    for (const count of new Set([10, 100, 1000].map((each) => Math.min(each, many)))) {
      const images = join(work, `many-${sidePx}-${count}`);
      await makePairs(images, count, sidePx);
      const peak = runCollection(images, 'out').peakMemoryBytes / 2 ** 20;
      peaks.push(peak);
      const grown = peaks.length < 2 ? '' : `, ${(peak / peaks.at(-2)!).toFixed(2)} × those before`;
      console.log(`${String(count).padStart(8)} images  ${peak.toFixed(0)} MiB${grown}`);
      rmSync(images, { recursive: true, force: true });
    }
  }
  console.log('\nimages of 64×64 in one submit, two workers of one thread');
  for (const count of [Math.ceil(submit / 10), submit]) {
    const root = join(work, `submit-${count}`);
    await makePairs(root, count, 64);
    await submitted(root, count);
    rmSync(root, { recursive: true, force: true });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
