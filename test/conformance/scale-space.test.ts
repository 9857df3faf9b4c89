import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gaussianRadius, gaussianWeights } from '../../tiling/operations/gaussian-weights.js';
import type { Kernel, TileRaster } from '../../worker/kernels/kernel.js';
import { averageOver } from '../../worker/kernels/reference/samples/average.js';
import { INTERVALS, isWindowed } from '../../worker/kernels/wasm/gaussian/scale-space-int16/levels.js';
import { BACKENDS } from './backends.js';
import { imageOf, noise } from './box-tiles.js';
import { emptyRaster, paste, runTiled } from './operation-tiles.js';

const PHOTO = fileURLToPath(new URL('../../../../shared/data/photo/photo-2725x2225.jpg', import.meta.url));
const SLIDE = fileURLToPath(new URL('../../../../shared/data/slide/CMU-1-Small-Region.svs', import.meta.url));
const SIZE = { width: 640, height: 512 };
/** What pictures of each type span: of uint16 as much as a scale space of 16 bits takes. */
const RANGES = { uint8: 255, uint16: 32_640, float32: 1 };
const BASES = { uint8: 0, uint16: 32_000, float32: 0 };

type SigmaAt = (x: number, y: number) => number;

/** From 0 at the left to 64 at the right, with swells: what a distance map looks like. */
const smooth: SigmaAt = (x, y) => 64 * Math.min(1, Math.max(0, x * 1.1 - 0.05 + 0.04 * Math.sin(9 * y)));
/** Neighbours of very different sigma. */
const hardEdged: SigmaAt = (x, y) => ((Math.floor(x * 8) + Math.floor(y * 8)) % 2 === 0 ? 2 : 40);

/**
 * Largest error and PSNR of the scale space against the direct sum in float32 of range 0 to 1, at `probes` pixels. Images of
 * bytes are blurred as such, and judged before they are rounded.
 */
function judge(image: TileRaster, sigmaAt: SigmaAt, probes: number) {
  const { width, height } = image.rect;
  const map = Float32Array.from({ length: width * height }, (_, i) =>
    sigmaAt((i % width) / width, Math.floor(i / width) / height),
  );
  const blurred = emptyRaster(image.rect, 'float32', image.channels);
  const unrounded: Kernel = (input, output, operation, context) => {
    const tile = emptyRaster(output.rect, 'float32', output.channels);
    BACKENDS.wasm!.gaussian!(input, tile, operation, context);
    paste(tile, blurred);
  };
  runTiled({ image, name: 'gaussian', params: {}, map }, { width: 256, height: 256 }, unrounded);
  const average = averageOver(image, { image: image.rect, alpha: 'none' });
  const random = noise(7);
  const range = RANGES[image.dtype as keyof typeof RANGES];
  let worst = 0;
  let squares = 0;
  let sum = 0;
  for (let n = 0; n < probes; n++) {
    const x = random(width);
    const y = random(height);
    const sigma = map[y * width + x]!;
    const radius = gaussianRadius(sigma, 4);
    const weights = gaussianWeights(sigma, radius);
    const weight = (dx: number, dy: number) => weights[Math.abs(dx)]! * weights[Math.abs(dy)]!;
    const exact = average(x, y, 0, { left: radius, right: radius, top: radius, bottom: radius, weight });
    const off = (blurred.samples[y * blurred.stride + x * blurred.channels]! - exact) / range;
    const error = Math.abs(off);
    sum += off;
    worst = Math.max(worst, error);
    squares += error * error;
  }
  return { worst, psnr: -10 * Math.log10(squares / probes), mean: sum / probes };
}

async function pictureOf(path: string, dtype: keyof typeof RANGES): Promise<TileRaster> {
  const { default: sharp } = await import('sharp');
  const region = { left: 700, top: 700, ...SIZE };
  const { data, info } = await sharp(path).extract(region).raw().toBuffer({ resolveWithObject: true });
  const [factor, base] = [RANGES[dtype] / 255, BASES[dtype]];
  return imageOf(SIZE, { dtype, channels: 3 }, (x, y, c) => {
    return base + data[(y * info.width + x) * info.channels + c]! * factor;
  });
}

for (const dtype of ['uint8', 'uint16', 'float32'] as const) {
  for (const [name, path] of Object.entries({ photograph: PHOTO, slide: SLIDE })) {
    const skip = existsSync(path) ? false : `${name} is not on this machine`;
    test(`the scale space on a ${name} in ${dtype}: 1/255 and 60 dB, smooth from 0 to 64`, { skip }, async (t) => {
      const image = await pictureOf(path, dtype);
      const judged = judge(image, smooth, 160);
      const hard = judge(image, hardEdged, 160);
      t.diagnostic(
        `smooth: worst ${judged.worst.toFixed(5)}, ${judged.psnr.toFixed(1)} dB, mean ${judged.mean.toExponential(1)}`,
      );
      t.diagnostic(`hard-edged: worst ${hard.worst.toFixed(5)}, ${hard.psnr.toFixed(1)} dB`);
      assert.ok(judged.worst <= 1 / 255 && judged.psnr >= 60, JSON.stringify(judged));
      assert.ok(hard.worst <= 1 / 255 && hard.psnr >= 60, JSON.stringify(hard));
    });
  }

  test(`the scale space on noise in ${dtype}: 1/255 and 60 dB at every sigma`, (t) => {
    const random = noise(3);
    const value = () => BASES[dtype] + RANGES[dtype] * random(2);
    const image = imageOf({ width: 240, height: 200 }, { dtype, channels: 1 }, value);
    for (const sigmaAt of [(x: number) => 4 * x, (x: number) => 1 + 12 * x, (x: number, y: number) => 30 * x * y]) {
      const judged = judge(image, sigmaAt, 1500);
      t.diagnostic(
        `worst ${judged.worst.toFixed(5)}, ${judged.psnr.toFixed(1)} dB, mean ${judged.mean.toExponential(1)}`,
      );
      assert.ok(judged.worst <= 1 / 255 && judged.psnr >= 60, JSON.stringify(judged));
      // Roundings go up and down in turn: an image becomes neither brighter nor darker.
      assert.ok(Math.abs(judged.mean) <= 1e-4, JSON.stringify(judged));
    }
  });
}

/** Every sample by the definition, along one axis after the other. */
function exactly({ rect: { width, height }, samples }: TileRaster, sigma: number): Float64Array {
  const radius = gaussianRadius(sigma, 4);
  const weights = gaussianWeights(sigma, radius);
  const along = (from: ArrayLike<number>, count: number, step: number, lines: number, lineStep: number) => {
    const into = new Float64Array(from.length);
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < count; i++) {
        let [sum, whole] = [0, 0];
        for (let k = Math.max(0, i - radius); k <= Math.min(count - 1, i + radius); k++) {
          sum += weights[Math.abs(k - i)]! * from[line * lineStep + k * step]!;
          whole += weights[Math.abs(k - i)]!;
        }
        into[line * lineStep + i * step] = sum / whole;
      }
    }
    return into;
  };
  return along(along(samples, width, 1, height, width), height, width, width, 1);
}

/** Error of one sigma everywhere, before rounding, on noise and on stripes and fields of several widths, all of 0 and 255. */
function judgeEven(sigma: number) {
  const side = Math.max(48, Math.ceil(8 * sigma));
  const size = { width: side + 1, height: side };
  const random = noise(17);
  const patterns: [string, (x: number, y: number) => number][] = [['noise', () => random(2)]];
  for (const width of new Set([1, 2, ...[1.5, 2.2, 2.7, 3.2].map((k) => Math.max(1, Math.round(k * sigma)))])) {
    patterns.push([`stripes of ${width}`, (x) => Math.floor(x / width) % 2]);
    patterns.push([`fields of ${width}`, (x, y) => (Math.floor(x / width) + Math.floor(y / width)) % 2]);
  }
  const map = new Float32Array(size.width * size.height).fill(sigma);
  const judged = patterns.map(([name, pattern]) => {
    const image = imageOf(size, { dtype: 'uint8', channels: 1 }, (x, y) => 255 * pattern(x, y));
    const blurred = emptyRaster(image.rect, 'float32', 1);
    runTiled({ image, name: 'gaussian', params: {}, map }, size, (input, _output, operation, context) => {
      BACKENDS.wasm!.gaussian!(input, blurred, operation, context);
    });
    const errors = exactly(image, sigma).map((exact, i) => Math.abs(blurred.samples[i]! - exact) / 255);
    const squares = errors.reduce((sum, error) => sum + error * error, 0);
    return { sigma, name, worst: Math.max(...errors), psnr: -10 * Math.log10(squares / errors.length) };
  });
  return { noise: judged[0]!, worst: judged.reduce((a, b) => (b.worst > a.worst ? b : a)) };
}

/** The largest sigma whose square is less. */
function justBelow(variance: number): number {
  return Math.fround(Math.fround(Math.sqrt(variance)) * (1 - 2 ** -23));
}

/** Judges each of these sigmas: what is worst of all. */
function assertEven(sigmas: readonly number[]): string {
  const judged = sigmas.map(judgeEven);
  for (const { noise, worst } of judged) {
    assert.ok(worst.worst <= 1 / 255, JSON.stringify(worst));
    assert.ok(noise.psnr >= 60, JSON.stringify(noise));
  }
  return JSON.stringify(judged.reduce((a, b) => (b.worst.worst > a.worst.worst ? b : a)).worst);
}

test('the scale space of uint8 just below the bounds of what windows serve alike: within 1/255', (t) => {
  const bounds = INTERVALS.filter(isWindowed).map(({ high }) => high);
  t.diagnostic(assertEven(bounds.map(justBelow)));
});

test('the scale space of uint8 where windows and coarser grids begin: within 1/255', (t) => {
  const begins = INTERVALS.filter(
    ({ octave, low }, i) => octave < 3 && low > 0 && (i < 12 || INTERVALS[i - 1]!.octave < octave),
  );
  t.diagnostic(assertEven(begins.map(({ low }) => Math.fround(Math.sqrt(low)))));
});

test('the scale space of uint8 just below the sigmas at which coarser grids begin: within 1/255', (t) => {
  const ends = INTERVALS.filter(({ octave }, i) => octave > 0 && octave < 4 && INTERVALS[i + 1]?.octave !== octave);
  t.diagnostic(assertEven(ends.map(({ high }) => justBelow(high))));
});

for (const span of [200, 32_640, 32_641, 65_535]) {
  test(`uint16 samples that span ${span} keep every bit where sigma is 0 or the image even`, () => {
    const random = noise(11);
    const image = imageOf({ width: 96, height: 80 }, { dtype: 'uint16', channels: 1 }, (x, y) => {
      if (x >= 64) return 65_535 - span + 1;
      return x + y === 0 ? 65_535 : 65_535 - span + random(span + 1);
    });
    const map = Float32Array.from({ length: 96 * 80 }, (_, i) => (i % 96 < 48 ? 0 : i % 96 < 80 ? 1.3 : 3));
    const tile = { width: 96, height: 80 };
    const { samples } = runTiled({ image, name: 'gaussian', params: {}, map }, tile, BACKENDS.wasm!.gaussian);
    const kept = [...samples.keys()].filter((i) => i % 96 < 48 || i % 96 === 95);
    assert.deepEqual(
      kept.map((i) => samples[i]),
      kept.map((i) => image.samples[i]),
    );
  });
}

for (const [bright, most] of [
  [4000, 1],
  [16_000, 3],
  [32_000, 5],
  [65_535, 1],
] as const) {
  test(`dim uint16 samples beside one of ${bright} err by ${most} at most`, () => {
    const random = noise(19);
    const size = { width: 200, height: 180 };
    const image = imageOf(size, { dtype: 'uint16', channels: 1 }, (x, y) => (x + y === 0 ? bright : random(21)));
    const map = new Float32Array(200 * 180).fill(20);
    const { samples } = runTiled({ image, name: 'gaussian', params: {}, map }, size, BACKENDS.wasm!.gaussian);
    const dim = [...exactly(image, 20).entries()].filter(([i]) => i % 200 >= 120 && i >= 120 * 200);
    assert.ok(dim.every(([i, exact]) => Math.abs(samples[i]! - exact) <= most + 0.5));
  });
}

test('the scale space of uint8 equals itself in every channel count, cut or not', () => {
  const random = noise(5);
  const grey = imageOf({ width: 150, height: 131 }, { dtype: 'uint8', channels: 1 }, () => random(256));
  const map = Float32Array.from({ length: 150 * 131 }, (_, i) => ((i % 150) * 9) / 150);
  const blur = (channels: number) => {
    const samples = Uint8Array.from({ length: grey.samples.length * channels }, (_, i) => {
      return grey.samples[Math.floor(i / channels)]!;
    });
    const image = { ...grey, channels, stride: 150 * channels, samples };
    return runTiled({ image, name: 'gaussian', params: {}, map }, { width: 70, height: 60 }, BACKENDS.wasm!.gaussian);
  };
  const expected = blur(1).samples;
  for (const channels of [2, 3, 4]) {
    const { samples } = blur(channels);
    assert.ok(
      samples.every((sample, i) => sample === expected[Math.floor(i / channels)]),
      `${channels} channels`,
    );
  }
});
