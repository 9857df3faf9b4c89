// One job over many pairs against a loop of single commands and against GNU parallel with vips, and its memory by the
// number of images: npm run bench:collection -- [--pairs N] [--side PX] [--loop N]
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { describeMachine } from './machine.js';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '400' },
    side: { type: 'string', default: '2000' },
    /** Pairs that the slow contestants do; their rate is what counts. */
    loop: { type: 'string', default: '40' },
  },
});
const [pairs, side, loop] = [values.pairs, values.side, values.loop].map(Number) as [number, number, number];
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
        pixels.set([128 + 100 * wave, (x ^ y) & 255, (x * y + index) >> 4], at * 3);
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

function runCollection(folder: string, output: string): { peakMemoryBytes: number; seconds: { total: number } } {
  const names = ['--map', join(folder, 'maps/{name}.tif'), '-o', join(folder, output, '{name}.tif')];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'blur', join(folder, 'slides'), ...names, '--json'],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
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
  if (has('parallel') && has('vips')) {
    mkdirSync(join(folder, 'vips'));
    const vips = `seq 0 ${pairs - 1} | parallel vips gaussblur ${folder}/slides/{}.tif '${folder}/vips/{}.tif[tile,pyramid,compression=deflate]' 8`;
    row('GNU parallel with vips gaussblur (one sigma)', pairs, seconds('sh', ['-c', vips]));
  } else console.log('GNU parallel or vips is not here: not compared');
  console.log('\npeak memory of images of 400×400');
  for (const count of [10, 100, 1000]) {
    const many = join(work, `many-${count}`);
    await makePairs(many, count, 400);
    console.log(
      `${String(count).padStart(8)} images  ${(runCollection(many, 'out').peakMemoryBytes / 2 ** 20).toFixed(0)} MiB`,
    );
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
