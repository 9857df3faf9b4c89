// The palette job against sharp alone and the scikit-learn recipe, its reduce, and its memory:
// node dist/loadtest/bench/palette.js [FRAMES [MANY]] [--python PATH] [--rounds N]
// FRAMES (3000) of 640×900 in three characters; MANY (30000) small frames against a tenth and a hundredth of them.
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { runDataset } from '../../coordinator/index.js';
import { datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';
import { findPalette } from '../../tiling/palette/palette.js';
import { paletteOptionsSchema } from '../../tiling/palette/palette-options.js';
import { FramePool } from '../../worker/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: 'string', default: 'python3' }, rounds: { type: 'string', default: '3' } },
});
const FRAMES = Number(positionals[0] ?? 3000);
const MANY = Number(positionals[1] ?? 30_000);
const FEW = MANY / 100;
const SMALL = { width: 64, height: 90 };
const LARGE = { width: 640, height: 900 };
const CHARACTERS = ['knight', 'mage', 'slime'];
const ROUNDS = Number(values.rounds);
const threads = availableParallelism();
const seconds = () => performance.now() / 1000;
const folder = mkdtempSync(join(tmpdir(), 'halotile-bench-palette-'));

/** A shaded figure that walks, on clear ground, in some 60 colours. */
function figure(character: number, index: number): Uint8Array {
  const rgba = new Uint8Array(SMALL.width * SMALL.height * 4);
  for (let y = 0; y < SMALL.height; y++) {
    for (let x = 0; x < SMALL.width; x++) {
      const sway = 6 * Math.sin((index + y) / 9);
      if (Math.hypot((x - 32 - sway) / 20, (y - 45) / 38) > 1) continue;
      const band = (Math.floor(y / 9) + character * 3) % 10;
      const shade = Math.floor((x - sway) / 7) * 6 + ((x ^ y ^ index) & 1);
      const channel = (step: number) => Math.max(0, Math.min(255, ((band * step) % 200) + shade));
      rgba.set([channel(71), channel(113), channel(37), 255], (y * SMALL.width + x) * 4);
    }
  }
  return rgba;
}

async function makeFrames(root: string, count: number, size: typeof SMALL): Promise<void> {
  for (const [number, character] of CHARACTERS.entries()) {
    mkdirSync(join(root, character), { recursive: true });
    for (let index = 0; index < count / CHARACTERS.length; index++) {
      const pixels = scaleNearestRgba(figure(number, index), SMALL, size);
      const file = join(root, character, `${String(index).padStart(6, '0')}.png`);
      await sharp(pixels, { raw: { ...size, channels: 4 } })
        .png()
        .toFile(file);
    }
  }
}

async function wall(work: () => Promise<unknown>): Promise<number> {
  const start = seconds();
  await work();
  return seconds() - start;
}

/** Every file once through sharp, on all cores; decoding stands for the whole where `downscale` is false. */
async function sharpAlone(files: readonly string[], { downscale }: { readonly downscale: boolean }): Promise<void> {
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

/** The benchmark's frames are all small. */
const tiles = {
  machine: { threads, memoryBytes: 2 ** 30 },
  executor: () => {
    throw new Error('no frame is large');
  },
};

async function palettes(frames: string, executor: FramePool): Promise<void> {
  const output = mkdtempSync(join(folder, 'out-'));
  const job = datasetSpecSchema.parse({ frames: [frames], output, size: SMALL });
  await runDataset({ job, executor, tiles, now: seconds });
  rmSync(output, { recursive: true });
}

/** The fastest of some rounds, taken in turn: the machine's other work only ever adds. */
async function benchTime(): Promise<void> {
  const frames = join(folder, 'large');
  await makeFrames(frames, FRAMES, LARGE);
  const files = CHARACTERS.flatMap((character) =>
    readdirSync(join(frames, character)).map((name) => join(frames, character, name)),
  );
  const best = { decode: Infinity, downscale: Infinity, palette: Infinity };
  const executor = new FramePool({ threads });
  for (let round = 0; round < ROUNDS; round++) {
    best.decode = Math.min(best.decode, await wall(() => sharpAlone(files, { downscale: false })));
    best.downscale = Math.min(best.downscale, await wall(() => sharpAlone(files, { downscale: true })));
    best.palette = Math.min(best.palette, await wall(() => palettes(frames, executor)));
  }
  await executor.close();
  const recipe = fileURLToPath(new URL('../../../loadtest/bench/palette-recipe.py', import.meta.url));
  const python = spawnSync(values.python, [recipe, frames, `${SMALL.width}`, `${SMALL.height}`], { encoding: 'utf8' });
  if (python.status === 0) console.log(`scikit-learn recipe, s: ${python.stdout.trim()}`);
  else console.log(`scikit-learn recipe skipped: ${python.stderr?.trim().split('\n').at(-1) ?? 'no Python'}`);
  console.table({
    [`${files.length} frames 640×900, ${threads} threads`]: {
      'sharp decodes, s': round(best.decode),
      'sharp decodes and downscales, s': round(best.downscale),
      'palettes, s': round(best.palette),
      'palettes / decode': round(best.palette / best.decode),
      'palettes / decode and downscale': round(best.palette / best.downscale),
    },
  });
}

/** Reduce alone: three characters of a million pixels each, in many colours and in few. */
function benchReduce(): void {
  const rows: Record<string, Record<string, number>> = {};
  for (const [name, spread] of [
    ['few colours', 4],
    ['many colours', 60],
  ] as const) {
    const counted = CHARACTERS.map((_, character) => {
      const counts = new ColourCounts();
      let state = character + 1;
      for (let pixel = 0; pixel < 1_000_000; pixel++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const head = ((state >>> 28) * 0x0d1b2b + 0x303030) & 0xbfbfbf;
        const noise = (shift: number) => Math.floor((((state >>> shift) & 255) * spread) / 256) << (shift & 24);
        counts.add(head + noise(0) + noise(8) + noise(16), 1);
      }
      return counts;
    });
    const options = paletteOptionsSchema.parse({});
    const start = seconds();
    const found = counted.map((counts) => findPalette(counts, options));
    rows[`3 × 1M pixels, ${name}`] = {
      'unique colours': counted[0]!.size,
      'palette colours': found[0]!.colors.length,
      'bits of the grid': found[0]!.gridBits,
      seconds: round(seconds() - start),
    };
  }
  console.table(rows);
}

/** Memory and time of the command over few and over many frames; many are few, linked again and again. */
async function benchMemory(): Promise<void> {
  const few = join(folder, 'few');
  await makeFrames(few, FEW, { width: 128, height: 180 });
  const linked = (count: number) => {
    const root = join(folder, `linked-${count}`);
    for (const character of CHARACTERS) {
      mkdirSync(join(root, character), { recursive: true });
      const names = readdirSync(join(few, character));
      for (let index = 0; index < count / CHARACTERS.length; index++) {
        const name = names[index % names.length]!;
        linkSync(join(few, character, name), join(root, character, `${index}-${name}`));
      }
    }
    return root;
  };
  const rows: Record<string, Record<string, number>> = {};
  const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  for (const count of [FEW, MANY / 10, MANY]) {
    const frames = count === FEW ? few : linked(count);
    const args = [cli, 'palette', frames, '-o', join(folder, `out-${count}`), '--size', '64x90', '--json'];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    const { peakMemoryBytes, seconds: taken } = JSON.parse(stdout);
    rows[`${count} frames 128×180`] = {
      'peak MiB': Math.round(peakMemoryBytes / 2 ** 20),
      seconds: round(taken.total),
      'ms a frame': round((taken.total * 1000) / count),
    };
  }
  console.table(rows);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

try {
  await benchTime();
  benchReduce();
  await benchMemory();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
