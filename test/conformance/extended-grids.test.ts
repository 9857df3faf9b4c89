import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Border } from '../../tiling/operations/index.js';
import { chainPyramid } from '../../tiling/operations/pyramid.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { DType } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { borderIndex } from '../../worker/kernels/reference/samples/border-index.js';
import { runEngine } from '../support/engine.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { CONSTANT, imageOf, noise } from './box-tiles.js';

const folder = scratchFolder();
const SIZE = { width: 73, height: 51 };

interface Kind {
  readonly dtype: DType;
  readonly channels: number;
  readonly border: Border;
  readonly alpha?: 'unassociated';
  readonly nodata?: number;
  /** From the least sample to the largest. */
  readonly range: number;
  /** Of the whole image, in place of a map. */
  readonly sigma?: number;
}

const KINDS: readonly Kind[] = [
  { dtype: 'float32', channels: 1, border: 'clip', range: 1 },
  { dtype: 'float32', channels: 4, border: 'clip', alpha: 'unassociated', range: 1 },
  { dtype: 'float32', channels: 2, border: 'reflect', nodata: -9999, range: 1 },
  { dtype: 'uint8', channels: 3, border: 'nearest', range: 255 },
  { dtype: 'uint8', channels: 1, border: 'mirror', nodata: 9, range: 255 },
  { dtype: 'uint16', channels: 1, border: 'constant', range: 65535 },
  { dtype: 'uint8', channels: 3, border: 'reflect', range: 255, sigma: 33.5 },
];

function sceneOf({ dtype, channels, alpha, nodata, range }: Kind): TileRaster {
  const next = noise(7);
  return imageOf(SIZE, { dtype, channels }, (x, y, c) => {
    if (nodata !== undefined && next(8) === 0) return nodata;
    if (alpha !== undefined && c === channels - 1) return (next(4) * range) / 4;
    const smooth = 0.5 + 0.4 * Math.sin(x / 9 + c) * Math.cos(y / 7);
    const sample = range * (0.7 * smooth + 0.3 * (next(1000) / 1000));
    return dtype === 'float32' ? sample : Math.floor(sample);
  });
}

/** How much each place of a line weighs in a window around `at`; what the constant weighs comes last. */
function weightsAlong(at: number, size: number, sigma: number, border: Border): Float64Array {
  const weights = new Float64Array(size + 1);
  const radius = Math.floor(4 * sigma + 0.5);
  for (let d = -radius; d <= radius; d++) {
    const place = borderIndex(at + d, size, border);
    if (place === undefined) continue;
    weights[place < 0 ? size : place]! += sigma === 0 ? 1 : Math.exp((-d * d) / (2 * sigma * sigma));
  }
  return weights;
}

function directMean(image: TileRaster, { border, alpha, nodata }: Kind, sigmas: Float32Array): Float64Array {
  const { width, height } = image.rect;
  const { channels, samples } = image;
  const means = new Float64Array(width * height * channels);
  const sampleAt = (x: number, y: number, c: number) =>
    x === width || y === height ? CONSTANT : samples[(y * width + x) * channels + c]!;
  for (let i = 0; i < width * height; i++) {
    const across = weightsAlong(i % width, width, sigmas[i]!, border);
    const down = weightsAlong(Math.floor(i / width), height, sigmas[i]!, border);
    for (let c = 0; c < channels; c++) {
      let [sum, total] = [0, 0];
      for (let y = 0; y <= height; y++) {
        for (let x = 0; x <= width; x++) {
          const sample = sampleAt(x, y, c);
          if (sample === nodata) continue;
          const share = alpha === undefined || c === channels - 1 ? 1 : sampleAt(x, y, channels - 1);
          const weight = across[x]! * down[y]! * share;
          sum += weight * sample;
          total += weight;
        }
      }
      const own = samples[i * channels + c]!;
      means[i * channels + c] = own === nodata || total === 0 ? own : sum / total;
    }
  }
  return means;
}

for (const kind of KINDS) {
  test(`Gaussians of any sigma by grids of the image as its border extends it: ${JSON.stringify(kind)}`, async () => {
    const image = sceneOf(kind);
    const { sigma } = kind;
    const map = imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => sigma ?? Math.hypot(x - 11, y - 30));
    const files = { image: join(folder, 'image.tif'), map: join(folder, 'map.tif'), output: join(folder, 'out.tif') };
    writeTiff(files.image, image, {}, { nodata: kind.nodata, alpha: kind.alpha });
    writeTiff(files.map, map);
    const plans: Plan[] = [];
    const fixed = sigma !== undefined && { params: { sigma } };
    const operations = [{ name: 'gaussian', ...fixed, border: kind.border, constant: CONSTANT }];
    const { map: _, ...unmapped } = files;
    await runEngine(
      { ...(sigma === undefined ? files : unmapped), operations, tile: 32, block: 16 },
      { onPlan: (plan) => void plans.push(plan) },
    );
    assert.ok(chainPyramid(plans[0]!.operations));
    const { samples } = (await readLevels(files.output))[0]!;
    const expected = directMean(image, kind, map.samples as Float32Array);
    const step = kind.dtype === 'float32' ? 0 : 0.5;
    let [worst, squares] = [0, 0];
    for (const [i, mean] of expected.entries()) {
      const error = Math.abs(samples[i]! - mean);
      worst = Math.max(worst, error);
      squares += error * error;
    }
    assert.ok(worst <= kind.range / 255 + step, `${worst}`);
    const psnr = 10 * Math.log10(kind.range ** 2 / (squares / expected.length));
    assert.ok(psnr >= (kind.dtype === 'uint8' ? 55 : 60), `${psnr} dB`);
  });
}
