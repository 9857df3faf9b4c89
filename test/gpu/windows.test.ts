import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runLocally } from '../../library/local-run.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { thresholdParams } from '../../tiling/operations/threshold.js';
import { limitReader } from '../../worker/kernels/reference/threshold.js';
import { GpuDevice } from '../../worker/kernels/webgpu/chain/gpu-device.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { type OperationCase, resolve, runTiled } from '../conformance/operation-tiles.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { runOnDevice } from './device-tiles.js';

const WHOLE = { width: 1024, height: 1024 };
const folder = scratchFolder();

const opened = await GpuDevice.open();
if (opened instanceof GpuDevice) {
  after(() => opened.destroy());
  registerTests(opened);
} else test('webgpu window sums', { skip: opened.reason }, () => {});

function registerTests(device: GpuDevice): void {
  test('deviations and variances are the exact ones, rounded half up', async () => {
    const window = 9;
    for (const dtype of ['uint8', 'uint16'] as const) {
      const image = hardImage(dtype);
      for (const ddof of [0, 1]) {
        const { samples: variances } = (await onDevice(device, { image, name: 'variance', params: { window, ddof } }))!;
        const { samples: deviations } = (await onDevice(device, { image, name: 'std', params: { window, ddof } }))!;
        for (const [x, y] of [
          [4, 4],
          [20, 11],
          [33, 22],
          [40, 30],
        ] as const) {
          const { spread, divisor } = exactSpread(image, { x, y }, window, ddof);
          const at = y * image.rect.width + x;
          const largest = dtype === 'uint8' ? 255n : 65535n;
          const variance = (2n * spread + divisor) / (2n * divisor);
          assert.equal(BigInt(variances[at]!), variance < largest ? variance : largest, `${dtype} ${x},${y}`);
          const deviation = BigInt(deviations[at]!);
          // (s − ½)² ≤ spread / divisor < (s + ½)²
          assert.ok((2n * deviation - 1n) ** 2n * divisor <= 4n * spread || deviation === 0n, `${dtype} ${x},${y}`);
          assert.ok((2n * deviation + 1n) ** 2n * divisor > 4n * spread, `${dtype} ${x},${y}`);
        }
      }
    }
  });

  test('local thresholds differ from float64 only where a sample lies at its threshold', async () => {
    for (const dtype of ['uint8', 'uint16'] as const) {
      const image = hardImage(dtype);
      for (const method of ['niblack', 'sauvola'] as const) {
        const example = { image, name: 'threshold', params: { method, window: 15, k: 0.31 }, border: 'clip' as const };
        const actual = (await onDevice(device, example))!;
        const expected = runTiled(example, WHOLE);
        const params = thresholdParams(resolve(example), dtype);
        const limitAt = limitReader(image, params, { image: image.rect, alpha: 'none' });
        const meanAt = limitReader(image, { ...params, method: 'niblack', k: 0 }, { image: image.rect, alpha: 'none' });
        expected.samples.forEach((sample, at) => {
          if (sample === actual.samples[at]) return;
          const [x, y] = [at % image.rect.width, Math.floor(at / image.rect.width)];
          const [value, limit, mean] = [image.samples[at]!, limitAt(x, y, 0), meanAt(x, y, 0)];
          const margin = 2 ** -19 * (Math.abs(value - mean) + Math.abs(limit - mean));
          assert.ok(Math.abs(value - limit) <= margin, `${dtype} ${method} ${x},${y}: ${value}, threshold ${limit}`);
        });
      }
    }
  });

  test('flat areas and full ones are exact under every weight', async () => {
    const size = { width: 300, height: 40 };
    const alpha = 'unassociated';
    for (const level of [0, 1, 65535]) {
      const image = imageOf(size, { dtype: 'uint16', channels: 2 }, (x) => (x % 3 === 0 ? level : 65535));
      const example = { image, name: 'mean', params: { footprint: 'disk:19' }, border: 'reflect' as const, alpha };
      const { samples } = (await onDevice(device, example as OperationCase))!;
      assert.deepEqual(samples, runTiled(example as OperationCase, WHOLE).samples);
    }
  });

  test('a masked file through a chain on the GPU has the pixels of the processor', async () => {
    const fixtures = fileURLToPath(new URL('../../../test/fixtures/mask/', import.meta.url));
    const { cases } = JSON.parse(readFileSync(join(fixtures, 'goldens.json'), 'utf8')) as {
      cases: { file: string; dtype: string }[];
    };
    const machine = { threads: 1, memoryBytes: 2 ** 29 };
    for (const { file } of cases.filter(({ dtype }) => dtype !== 'float32')) {
      const operations = [
        { name: 'box', params: { radius: 2 } },
        { name: 'mean', params: { footprint: 'disk:2' }, border: 'constant' },
        { name: 'gamma', params: { gamma: 0.7 } },
        { name: 'median' },
        { name: 'box', params: { radius: 1 } },
      ];
      const image = join(fixtures, file);
      const output = join(folder, 'out.tif');
      const spec = jobSpecSchema.parse({ image, output, operations, tile: 32, block: 16 });
      const results = [];
      for (const backend of ['wasm', 'gpu'] as const) {
        results.push(await runLocally(spec, { machine, backend, restart: true }));
      }
      assert.equal(results[1]!.crc, results[0]!.crc, file);
      assert.ok(results[1]!.device !== undefined);
    }
  });
}

/** Noise, flat areas, edges between extremes. */
function hardImage(dtype: 'uint8' | 'uint16') {
  const random = noise(17);
  const most = dtype === 'uint8' ? 255 : 65535;
  return imageOf({ width: 50, height: 40 }, { dtype, channels: 1 }, (x, y) => {
    if (x < 12) return random(most + 1);
    if (x < 25) return y < 20 ? most : 0;
    return x < 38 ? Math.floor(most / 3) : most - random(3);
  });
}

function onDevice(device: GpuDevice, example: OperationCase) {
  return runOnDevice(device, example, WHOLE);
}

function exactSpread(
  { samples, rect }: ReturnType<typeof hardImage>,
  { x, y }: { x: number; y: number },
  window: number,
  ddof: number,
): { spread: bigint; divisor: bigint } {
  const half = (window - 1) / 2;
  let [sum, squares] = [0n, 0n];
  for (let v = y - half; v <= y + half; v++) {
    for (let u = x - half; u <= x + half; u++) {
      const value = BigInt(samples[v * rect.width + u]!);
      sum += value;
      squares += value * value;
    }
  }
  const count = BigInt(window * window);
  return { spread: count * squares - sum * sum, divisor: count * (count - BigInt(ddof)) };
}
