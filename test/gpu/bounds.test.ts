import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { GpuDevice } from '../../worker/kernels/webgpu/chain/gpu-device.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { type OperationCase, runTiled } from '../conformance/operation-tiles.js';
import { runOnDevice } from './device-tiles.js';

// Float results of the GPU against float64 sums, on samples that float32 sums do badly on.

const SIZE = { width: 41, height: 30 };

/** Samples by name: what each is hard for stands behind it. */
const HARD: Readonly<Record<string, (random: (below: number) => number, x: number, y: number) => number>> = {
  'a large offset and little noise': (random) => 1e8 + random(1000) / 10, // cancellation
  thirds: () => 1 / 3, // roundings that all go one way
  'both signs': (random) => random(2000) / 1000 - 1, // small results of large samples
  'checkerboard of both signs': (_, x, y) => ((x + y) % 2 === 0 ? 1 : -1),
  'sizes from 1e-6 to 1e6': (random) => 10 ** (random(13) - 6), // the small ones vanish beside the large ones
  'one very large sample': (random, x, y) => (x === 20 && y === 15 ? 1e30 : random(100)),
};

const opened = await GpuDevice.open();
if (opened instanceof GpuDevice) {
  after(() => opened.destroy());
  registerBounds(opened);
} else test('float results of a GPU keep their bounds', { skip: opened.reason }, () => {});

/** The largest difference between device and reference, as a share of the largest sample. */
async function worstShare(device: GpuDevice, example: OperationCase, tile = SIZE): Promise<number> {
  const actual = await runOnDevice(device, example, tile);
  assert.ok(actual, 'the device takes it');
  const expected = runTiled(example, { width: 1024, height: 1024 });
  let [worst, largest] = [0, 0];
  for (const sample of example.image.samples) largest = Math.max(largest, Math.abs(sample));
  for (const [i, sample] of actual.samples.entries()) {
    worst = Math.max(worst, Math.abs(sample - expected.samples[i]!));
  }
  return worst / largest;
}

function registerBounds(device: GpuDevice): void {
  for (const [name, sample] of Object.entries(HARD)) {
    test(`float32 within 2e-6 of the largest sample: ${name}`, async (t) => {
      const random = noise(5);
      const image = imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => sample(random, x, y));
      const worst = async (what: string, example: Omit<OperationCase, 'image'>) => {
        const share = await worstShare(device, { ...example, image });
        t.diagnostic(`${what}: ${share.toExponential(1)}`);
        assert.ok(share <= 2e-6, `${what}: ${share}`);
      };
      const sigmas = Float32Array.from({ length: SIZE.width * SIZE.height }, (_, i) => ((i * 37) % 101) / 25);
      const radii = Uint16Array.from(sigmas, (sigma) => 3 * sigma);
      await worst('box radius 1', { name: 'box', params: { radius: 1 }, border: 'reflect' });
      await worst('box radius 25', { name: 'box', params: { radius: 25 }, border: 'nearest' });
      await worst('box by map', { name: 'box', params: {}, border: 'clip', map: radii });
      await worst('mean disk:4', { name: 'mean', params: { footprint: 'disk:4' }, border: 'mirror' });
      const exact = { name: 'gaussian', params: { quality: 'exact' }, map: sigmas };
      await worst('gaussian by map, exact', { ...exact, border: 'reflect' });
      await worst('gaussian by map, exact, cut', { ...exact, border: 'clip' });
      await worst('gaussian sigma 0.7', { name: 'gaussian', params: { sigma: 0.7 }, border: 'mirror' });
      await worst('gaussian sigma 16', { name: 'gaussian', params: { sigma: 16 }, border: 'reflect' });
      await worst('gaussian sigma 16, cut', { name: 'gaussian', params: { sigma: 16 }, border: 'clip' });

      for (let i = 0; i < image.samples.length; i += 9) image.samples[i] = 0.5;
      const nodata = [0.5];
      await worst('box by map, nodata', { name: 'box', params: {}, border: 'clip', map: radii, nodata });
      await worst('gaussian sigma 16, nodata', { name: 'gaussian', params: { sigma: 16 }, border: 'clip', nodata });
      await worst('gaussian by map, exact, nodata', { ...exact, border: 'clip', nodata });
    });
  }

  test('uint16 within 1 at wide radii, and few samples off', async () => {
    const random = noise(8);
    for (const sigma of [4, 30]) {
      const image = imageOf(SIZE, { dtype: 'uint16', channels: 1 }, () => 65535 - random(3) * random(30000));
      const example = { image, name: 'gaussian', params: { sigma }, border: 'clip' as const };
      const actual = (await runOnDevice(device, example, SIZE))!.samples;
      const expected = runTiled(example, { width: 1024, height: 1024 }).samples;
      const off = Array.from(expected, (each, i) => Math.abs(each - actual[i]!));
      assert.ok(Math.max(...off) <= 1);
      assert.ok(off.filter((difference) => difference > 0).length <= 0.02 * off.length);
    }
  });
}
