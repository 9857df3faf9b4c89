import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gaussianRadius, gaussianWeights } from '../../tiling/operations/gaussian-weights.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { averageOver } from '../../worker/kernels/reference/samples/average.js';
import { GpuDevice } from '../../worker/kernels/webgpu/chain/gpu-device.js';
import { BACKENDS } from '../conformance/backends.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { type OperationCase, runTiled } from '../conformance/operation-tiles.js';
import { runOnDevice } from './device-tiles.js';

const SIZE = { width: 230, height: 190 };
const TILE = { width: 128, height: 128 };
type SigmaAt = (x: number, y: number) => number;

/** x and y from 0 to 1. */
const MAPS: Readonly<Record<string, SigmaAt>> = {
  'from 0 to 30 across': (x) => 30 * x,
  'around 1, where the direct sum ends': (x, y) => 0.6 + 0.8 * x * y,
  'squares of 2 and 25': (x, y) => ((Math.floor(x * 8) + Math.floor(y * 8)) % 2 === 0 ? 2 : 25),
};

const opened = await GpuDevice.open();
if (opened instanceof GpuDevice) {
  after(() => opened.destroy());
  registerMaps(opened);
} else test('the scale space on a GPU', { skip: opened.reason }, () => {});

function registerMaps(device: GpuDevice): void {
  for (const [name, sigmaAt] of Object.entries(MAPS)) {
    test(`the scale space on a GPU: 1/255 and 60 dB on noise, sigma ${name}`, async (t) => {
      const random = noise(3);
      const image = imageOf(SIZE, { dtype: 'float32', channels: 1 }, () => random(2));
      const map = Float32Array.from({ length: SIZE.width * SIZE.height }, (_, i) =>
        sigmaAt((i % SIZE.width) / SIZE.width, Math.floor(i / SIZE.width) / SIZE.height),
      );
      for (const border of ['clip', 'mirror'] as const) {
        const blur = { image, name: 'gaussian', params: {}, map, border };
        const blurred = (await runOnDevice(device, blur, TILE))!;
        if (border === 'clip') judge(blur, blurred, t.diagnostic.bind(t));
        // Both follow the same scale space: nothing but roundings lies between them.
        const onProcessor = runTiled(blur, TILE, BACKENDS.wasm!.gaussian!);
        let apart = 0;
        for (const [i, sample] of blurred.samples.entries()) {
          apart = Math.max(apart, Math.abs(sample - onProcessor.samples[i]!));
        }
        t.diagnostic(`${border}: ${apart.toExponential(1)} from the processor's`);
        assert.ok(apart <= 1e-4, `${border}: ${apart}`);
      }
    });
  }
}

/** Holds a blurred image against direct sums at some pixels. */
function judge({ image, map }: OperationCase, blurred: TileRaster, say: (line: string) => void): void {
  const { width, height } = image.rect;
  const average = averageOver(image, { image: image.rect, alpha: 'none' });
  const random = noise(7);
  const probes = 600;
  let [worst, squares] = [0, 0];
  for (let n = 0; n < probes; n++) {
    const [x, y] = [random(width), random(height)];
    const sigma = map![y * width + x]!;
    const radius = gaussianRadius(sigma, 4);
    const weights = gaussianWeights(sigma, radius);
    const weight = (dx: number, dy: number) => weights[Math.abs(dx)]! * weights[Math.abs(dy)]!;
    const exact = average(x, y, 0, { left: radius, right: radius, top: radius, bottom: radius, weight });
    const error = Math.abs(exact - blurred.samples[y * width + x]!);
    worst = Math.max(worst, error);
    squares += error * error;
  }
  const psnr = -10 * Math.log10(squares / probes);
  say(`worst ${worst.toFixed(5)}, ${psnr.toFixed(1)} dB`);
  assert.ok(worst <= 1 / 255 && psnr >= 60, `${worst}, ${psnr} dB`);
}
