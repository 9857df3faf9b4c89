/// <reference types="@webgpu/types" />
import { area } from '../../../../tiling/geometry/rect.js';
import { MAP_TRUNCATE } from '../../../../tiling/operations/gaussian.js';
import { gaussianRadius } from '../../../../tiling/operations/gaussian-weights.js';
import type { TileMap } from '../../kernel.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceStep } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';

/** Products that one dispatch may add up: systems that draw with the same device take longer ones for hung. */
const MAX_PRODUCTS = 2 ** 32;
/** log2(e) / 2. */
const HALF_LOG2_E = Math.LOG2E / 2;

/** A map as the direct sum reads it: all sigmas, then log2(e)/(2·sigma²) for each, 0 where nothing but itself weighs. */
export function packRates({ values }: TileMap, into: Uint8Array): void {
  const [sigmas, rates] = [new Float32Array(values.length), new Float32Array(values.length)];
  sigmas.set(values);
  for (const [i, sigma] of sigmas.entries()) {
    rates[i] = gaussianRadius(sigma, MAP_TRUNCATE) === 0 ? 0 : HALF_LOG2_E / (sigma * sigma);
  }
  into.set(new Uint8Array(sigmas.buffer));
  into.set(new Uint8Array(rates.buffer), sigmas.byteLength);
}

/** Adds the passes that fill `means` with the direct sums, `divided` or as they are. */
export async function encodeDirect(
  run: DeviceRun,
  { input, window, output, mapMax }: DeviceStep,
  { plane, sigmas, means }: { readonly plane: GPUBuffer; readonly sigmas: GPUBuffer; readonly means: GPUBuffer },
  divided: boolean,
): Promise<void> {
  const constants = { CHANNELS: input.channels };
  const program = {
    files: ['samples/samples', 'samples/numbers', 'gaussian/gaussian-weights', 'gaussian/gaussian-direct'],
    constants,
  };
  const side = 2 * gaussianRadius(mapMax!, MAP_TRUNCATE) + 1;
  const pixels = area(output);
  const most = Math.max(64, Math.floor(MAX_PRODUCTS / (side * side * input.channels)));
  for (let first = 0; first < pixels; first += most) {
    const count = Math.min(most, pixels - first);
    const params = uniformsOf('gaussian/gaussian-direct', {
      ...{ inputWidth: window.width, inputHeight: window.height, outputWidth: output.width },
      ...{ x: output.x - window.x, y: output.y - window.y, pixels, first, count },
      ...{ zero: 0, divided: Number(divided) },
    });
    const bindings = { 1: plane, 2: sigmas, 3: means };
    await run.dispatch({ ...program, entry: 'directMeans' }, params, bindings, run.linearGroups(count));
  }
}
