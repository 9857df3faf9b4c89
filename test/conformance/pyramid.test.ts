import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planJob, runCollection } from '../../library/calls.js';
import { filterPixels } from '../../library/filter-pixels.js';
import { evenReach, grow, intersect, type Rect, rectOf, type Size } from '../../tiling/geometry/rect.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { chainPyramid, decimationReach, gridWindow, pyramidGrids } from '../../tiling/operations/pyramid.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { INTEGER_MAX } from '../../tiling/raster/dtype.js';
import type { KernelContext, TileGrid, TileRaster } from '../../worker/kernels/kernel.js';
import { REFERENCE_KERNELS, REFERENCE_PIXELS } from '../../worker/kernels/reference/index.js';
import { WasmArena, wasmKernels, wasmPixels } from '../../worker/kernels/wasm/index.js';
import { runEngine } from '../support/engine.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { imageOf, noise } from './box-tiles.js';
import { emptyRaster } from './operation-tiles.js';

const folder = scratchFolder();
const SIZE = { width: 73, height: 51 };

/** Sigmas by pixel: as a distance, far wider than the image, mixed from pixel to pixel, constant. */
const MAPS: Readonly<Record<string, (x: number, y: number) => number>> = {
  smooth: (x, y) => Math.hypot(x - 11, y - 30),
  huge: (x, y) => 40 * Math.hypot(x - 11, y - 30),
  mixed: (x, y) => ((x * 7 + y * 5) % 11) * 5,
  constant: () => 21,
};

interface Kind {
  readonly dtype: 'uint8' | 'uint16';
  readonly channels: number;
  readonly alpha?: 'unassociated';
  readonly nodata?: number;
  readonly tile?: number;
}

const KINDS: readonly Kind[] = [
  { dtype: 'uint16', channels: 1 },
  { dtype: 'uint8', channels: 3 },
  { dtype: 'uint16', channels: 4, alpha: 'unassociated' },
  { dtype: 'uint16', channels: 2, nodata: 7, tile: 64 },
  { dtype: 'uint8', channels: 4, alpha: 'unassociated', nodata: 9 },
];

function sceneOf(size: Size, { dtype, channels, alpha, nodata }: Kind, seed: number): TileRaster {
  const next = noise(seed);
  return imageOf(size, { dtype, channels }, (x, y, c) => {
    if (nodata !== undefined && next(8) === 0) return nodata;
    if (alpha !== undefined && c === channels - 1 && next(3) === 0) return 0;
    const smooth = 0.5 + 0.4 * Math.sin(x / 9 + c) * Math.cos(y / 7);
    return Math.floor(INTEGER_MAX[dtype] * (0.7 * smooth + 0.3 * (next(1000) / 1000)));
  });
}

/** The direct sum over what lies in the image, in float64. */
function directMean(image: TileRaster, kind: Kind, sigmas: Float32Array): Float64Array {
  const { width, height } = image.rect;
  const { channels } = image;
  const means = new Float64Array(width * height * channels);
  const sampleAt = (pixel: number, c: number) => image.samples[pixel * channels + c]!;
  const weightAt = (pixel: number, c: number) => {
    if (sampleAt(pixel, c) === kind.nodata) return 0;
    if (kind.alpha === undefined || c === channels - 1) return 1;
    const alpha = sampleAt(pixel, channels - 1);
    return alpha === kind.nodata ? 0 : alpha;
  };
  const weights = Float64Array.from({ length: width * height * channels }, (_, i) =>
    weightAt(Math.floor(i / channels), i % channels),
  );
  // A plane a channel, so that the innermost loops run over rows.
  const planes = Array.from({ length: channels }, (_, c) => ({
    shares: Float64Array.from({ length: width * height }, (_, at) => weights[at * channels + c]!),
    sums: Float64Array.from({ length: width * height }, (_, at) => weights[at * channels + c]! * sampleAt(at, c)),
  }));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const sigma = sigmas[i]!;
      const radius = Math.floor(4 * sigma + 0.5);
      const along = (at: number) => (sigma === 0 ? 1 : Math.exp((-at * at) / (2 * sigma * sigma)));
      const [left, right] = [Math.max(0, x - radius), Math.min(width - 1, x + radius)];
      const across = Float64Array.from({ length: right - left + 1 }, (_, k) => along(left + k - x));
      const sums = new Float64Array(channels);
      const shares = new Float64Array(channels);
      for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
        const down = along(v - y);
        for (const [c, plane] of planes.entries()) {
          sums[c]! += down * dot(across, plane.sums, v * width + left);
          shares[c]! += down * dot(across, plane.shares, v * width + left);
        }
      }
      for (let c = 0; c < channels; c++) {
        const mean = shares[c] === 0 ? sampleAt(i, c) : sums[c]! / shares[c]!;
        means[i * channels + c] = sampleAt(i, c) === kind.nodata ? kind.nodata! : mean;
      }
    }
  }
  return means;
}

function dot(weights: Float64Array, samples: Float64Array, from: number): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += weights[k]! * samples[from + k]!;
  return sum;
}

function jobOf(name: string, image: TileRaster, kind: Kind, map: TileRaster, tile: number): JobSpecInput {
  const files = {
    image: join(folder, `${name}.tif`),
    map: join(folder, 'map.tif'),
    output: join(folder, `${name}-out.tif`),
  };
  writeTiff(files.image, image, {}, { nodata: kind.nodata, alpha: kind.alpha });
  writeTiff(files.map, map);
  return { ...files, operations: [{ name: 'gaussian' }], tile, block: 16 };
}

for (const [index, kind] of KINDS.entries()) {
  test(`Gaussians by grids of the whole image are the direct sum within the scale space's bound: ${JSON.stringify(kind)}`, async () => {
    const image = sceneOf(SIZE, kind, index + 1);
    const range = INTEGER_MAX[kind.dtype];
    for (const [name, sigmaAt] of Object.entries(MAPS)) {
      const map = imageOf(SIZE, { dtype: 'float32', channels: 1 }, sigmaAt);
      const plans: Plan[] = [];
      const spec = jobOf('scene', image, kind, map, kind.tile ?? 32);
      await runEngine(spec, { onPlan: (plan) => void plans.push(plan) });
      assert.ok(chainPyramid(plans[0]!.operations), name);
      const { samples } = (await readLevels(spec.output))[0]!;
      const expected = directMean(image, kind, map.samples as Float32Array);
      let [worst, squares] = [0, 0];
      for (const [i, mean] of expected.entries()) {
        const error = Math.abs(samples[i]! - mean);
        worst = Math.max(worst, error);
        squares += error * error;
      }
      // The whole number next to a result is half a step away.
      assert.ok(worst <= range / 255 + 0.5, `${name}: ${worst}`);
      const psnr = 10 * Math.log10(range ** 2 / (squares / expected.length));
      assert.ok(psnr >= (kind.dtype === 'uint8' ? 55 : 60), `${name}: ${psnr} dB`);
    }
  });
}

const arena = new WasmArena();
const WASM = { kernels: wasmKernels(arena), pixels: wasmPixels(arena) };

/** The part of a raster in a rect, in the arena. */
function croppedInArena(raster: TileRaster, rect: Rect): TileRaster {
  const { channels, dtype, stride, samples } = raster;
  const row = rect.width * channels;
  const held = arena.allocSamples(dtype, row * rect.height);
  for (let y = 0; y < rect.height; y++) {
    const from = (rect.y + y) * stride + rect.x * channels;
    held.set(samples.subarray(from, from + row), y * row);
  }
  return { ...raster, rect, stride: row, samples: held };
}

test('grids, and the pixels between their points, are the reference’s in WebAssembly', () => {
  const pyramid = { first: 2, last: 5 };
  for (const [index, kind] of KINDS.entries()) {
    const image = sceneOf(SIZE, kind, index + 7);
    const nodata = kind.nodata === undefined ? undefined : new Array<number>(kind.channels).fill(kind.nodata);
    const context: KernelContext = { image: SIZE, alpha: kind.alpha ?? 'none', nodata };
    const output = { x: 32, y: 16, width: 40, height: 32 };
    const grids = pyramidGrids(SIZE, pyramid).map((stored): TileGrid => {
      const { octave } = stored;
      const rect = gridWindow(output, stored);
      const step = 2 ** octave;
      const span = {
        ...{ x: rect.x * step, y: rect.y * step },
        ...{ width: (rect.width - 1) * step + 1, height: (rect.height - 1) * step + 1 },
      };
      const under = intersect(grow(span, evenReach(decimationReach(octave))), rectOf(SIZE));
      const made = [REFERENCE_PIXELS, WASM.pixels].map(({ decimate }) => {
        arena.reset(64 << 20);
        const into = new Float32Array(rect.width * rect.height * 8);
        decimate(croppedInArena(image, under), context, { octave, rect }, into);
        return into;
      });
      const most = Math.max(1, ...made[0]!.map(Math.abs));
      for (const [i, value] of made[0]!.entries()) {
        // Lanes that no channel has are nobody's.
        if (i % 4 < kind.channels)
          assert.ok(Math.abs(made[1]![i]! - value) <= 2e-6 * most, `octave ${octave}, value ${i}`);
      }
      return { octave, rect, values: made[0]! };
    });
    arena.reset(64 << 20);
    const sigmas = imageOf({ width: 40, height: 32 }, { dtype: 'float32', channels: 1 }, (x, y) => 6 + 0.9 * x + y);
    const map = { rect: output, values: sigmas.samples as Float32Array, max: 80 };
    const inArenaSigmas = arena.allocSamples('float32', map.values.length) as Float32Array;
    inArenaSigmas.set(map.values);
    const operation = {
      name: 'gaussian',
      params: { quality: 'fast', pyramid },
      border: 'clip',
      constantValue: 0,
      byMap: true,
    } as const;
    const input = croppedInArena(image, intersect(grow(output, evenReach(40)), rectOf(SIZE)));
    const results = [REFERENCE_KERNELS, WASM.kernels].map((kernels) => {
      const dtype = kind.dtype;
      const samples = arena.allocSamples(dtype, 40 * 32 * kind.channels);
      const raster = { ...emptyRaster(output, dtype, kind.channels), samples };
      kernels.gaussian!(input, raster, operation, { ...context, map: { ...map, values: inArenaSigmas }, grids });
      return raster.samples;
    });
    const bound = kind.dtype === 'uint8' ? 1 : 8;
    for (const [i, sample] of results[0]!.entries()) {
      assert.ok(
        Math.abs(sample - results[1]![i]!) <= bound,
        `${JSON.stringify(kind)}: ${i}: ${sample} ${results[1]![i]}`,
      );
    }
  }
});

test('one of many images is blurred as by itself, an interrupted job goes on, and the plan says what is read', async () => {
  const kind: Kind = { dtype: 'uint8', channels: 3 };
  const map = imageOf(SIZE, { dtype: 'float32', channels: 1 }, MAPS.huge!);
  const spec = jobOf('single', sceneOf(SIZE, kind, 3), kind, map, 32);
  const whole = await runEngine(spec);
  const many = { images: spec.image, map: spec.map!, output: join(folder, 'many', '{name}.tif') };
  await runCollection({ ...many, operations: spec.operations, tile: 32, block: 16 }, { threads: 1 });
  assert.ok(readFileSync(join(folder, 'many', 'single.tif')).equals(readFileSync(spec.output)));
  const stopped = { ...spec, output: join(folder, 'stopped.tif') };
  const interrupt = new AbortController();
  const onProgress = ({ tilesDone }: { tilesDone: number }) => {
    if (tilesDone >= 2) interrupt.abort();
  };
  await assert.rejects(runEngine(stopped, { signal: interrupt.signal, onProgress }), { tag: 'interrupted' });
  const resumed = await runEngine(stopped);
  assert.ok(resumed.tiles.resumed >= 2);
  assert.equal(resumed.crc, whole.crc);
});

test('in memory, where nothing is made before tiles, wide windows read their halo or are refused with the figure', async () => {
  const size = { width: 700, height: 500 };
  const pixels = { ...size, channels: 1, samples: new Uint8Array(size.width * size.height).fill(9) };
  const map = { ...pixels, samples: new Uint16Array(size.width * size.height).fill(450) };
  for (const operation of ['box', 'gaussian']) {
    const { samples } = await filterPixels(pixels, [operation], { map, memoryMiB: 512 });
    assert.ok(
      samples.every((sample) => sample === 9),
      operation,
    );
  }
  await assert.rejects(filterPixels(pixels, ['box:radius=490,border=clip'], { memoryMiB: 120 }), { tag: 'over-limit' });
});

test('a job whose halo takes too much memory is told the largest radius and the least memory that fit', async () => {
  const size = { width: 2500, height: 1900 };
  const files = {
    image: join(folder, 'large.tif'),
    map: join(folder, 'large-map.tif'),
    output: join(folder, 'no.tif'),
  };
  writeTiff(
    files.image,
    // More channels than grids have.
    imageOf(size, { dtype: 'uint8', channels: 5 }, (x, y) => (x ^ y) & 255),
    {},
    { extraSamples: [0, 0, 0, 0], photometric: 1 },
  );
  writeTiff(
    files.map,
    imageOf(size, { dtype: 'uint8', channels: 1 }, (x) => (x * 255) / size.width),
  );
  const plan = (max: number, memoryMiB: number) =>
    planJob(
      { ...files, operations: [{ name: 'gaussian', border: 'reflect' }], mapping: { max } },
      { threads: 2, memoryMiB },
    );
  const said = await plan(255, 512).then(
    () => assert.fail('it fits'),
    (error: unknown) => `${error}`,
  );
  const [radius, memory] = [/--max-radius (\d+)/, /--memory (\d+)/].map((figure) => Number(figure.exec(said)![1]));
  await plan(radius!, 512);
  await plan(255, memory!);
  await assert.rejects(plan(radius! + 1, 512), { tag: 'over-limit' });
  await assert.rejects(plan(255, memory! - 64), { tag: 'over-limit' });
});
