import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { grow, intersect, rectOf } from '../../tiling/geometry/rect.js';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import type { TileMap } from '../../worker/kernels/kernel.js';
import { extendBorder, REFERENCE_KERNELS } from '../../worker/kernels/reference/index.js';
import { fitsDevice } from '../../worker/kernels/webgpu/chain/chain-request.js';
import { GpuDevice } from '../../worker/kernels/webgpu/chain/gpu-device.js';
import type { DeviceStep } from '../../worker/kernels/webgpu/device/gpu-kernel.js';
import { GPU_KERNELS } from '../../worker/kernels/webgpu/index.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { caseOf, faultOfResult, untiled } from '../conformance/operation-check.js';
import {
  type Combination,
  OPERATION_TABLE,
  type OperationRow,
  pairwiseCombinations,
} from '../conformance/operation-table.js';
import { emptyRaster, runTiled } from '../conformance/operation-tiles.js';
import { computeSteps, runOnDevice } from './device-tiles.js';

/** Operations whose integers run on a device whatever else their samples are. */
const WHOLLY = [
  ...['box', 'mean', 'std', 'variance', 'max', 'min', 'median', 'percentile', 'nlm'],
  ...['gamma', 'levels', 'lut', 'threshold', 'gaussian'],
];

const opened = await GpuDevice.open();
if (opened instanceof GpuDevice) {
  after(() => opened.destroy());
  registerRows(opened);
} else test('webgpu equals the reference', { skip: opened.reason }, () => {});

function registerRows(device: GpuDevice): void {
  for (const [index, row] of OPERATION_TABLE.entries()) {
    if (GPU_KERNELS[row.name] === undefined) continue;
    test(`webgpu: ${row.name} ${JSON.stringify(row.params)} tiled equals the reference untiled`, async () => {
      for (const [n, at] of pairwiseCombinations(noise(index + 1)).entries()) {
        const example = caseOf(row, at, index * 1000 + n);
        const tiled = await runOnDevice(device, example, at.tile);
        if (tiled === undefined) {
          assert.ok(!isOffered(row, at), `left to the processor at ${JSON.stringify(at)}`);
          continue;
        }
        assert.equal(faultOfResult(row, at, { whole: untiled(example), tiled }), undefined);
      }
    });
  }

  test('windows whose sums pass 2^32 are exact', async () => {
    const radius = 129;
    const side = 2 * radius + 1;
    const count = side * side;
    const half = Math.floor(count / (2 * 65535));
    for (const zeros of [0, half, half + 1]) {
      const image = emptyRaster(rectOf({ width: side, height: side }), 'uint16', 1);
      image.samples.fill(65535, zeros);
      const output = { x: radius, y: radius, width: 1, height: 1 };
      const step = stepOf({ name: 'box', params: { radius } }, { image, output });
      const [mean] = await computeSteps(device, [step], image, [undefined]);
      assert.equal(mean, Math.floor(((count - zeros) * 65535) / count + 0.5), `${zeros} zeros`);
    }
  });

  test('a chain that stays on the device equals its operations one by one', async () => {
    const random = noise(9);
    for (const [dtype, channels] of [
      ['uint8', 3],
      ['uint16', 1],
      ['uint8', 4],
    ] as const) {
      const size = { width: 61, height: 47 };
      const image = imageOf(size, { dtype, channels }, () => random(dtype === 'uint8' ? 256 : 65536));
      const map: TileMap = {
        rect: rectOf(size),
        values: Uint16Array.from({ length: 61 * 47 }, () => random(6)),
        max: 5,
      };
      const steps = [
        stepOf({ name: 'box', params: {}, byMap: true }, { image, output: image.rect, mapMax: 5 }),
        stepOf({ name: 'max', params: { footprint: 'disk:2' }, border: 'reflect' }, { image, output: image.rect }),
        stepOf({ name: 'gamma', params: { gamma: 0.8, gain: 1 } }, { image, output: image.rect }),
        stepOf({ name: 'mean', params: { window: 5 }, border: 'constant' }, { image, output: image.rect }),
      ];
      assert.ok(steps.every((step) => fitsDevice(step, device.opened.limits)));
      let expected = image;
      for (const { operation, window, output } of steps) {
        const grown = emptyRaster(window, dtype, channels);
        for (let y = 0; y < size.height; y++) {
          const at = (y - window.y) * grown.stride - window.x * channels;
          grown.samples.set(expected.samples.subarray(y * expected.stride, (y + 1) * expected.stride), at);
        }
        extendBorder(grown, size, operation);
        expected = emptyRaster(output, dtype, channels);
        const context = { image: size, alpha: 'none' as const, ...(operation.byMap && { map }) };
        REFERENCE_KERNELS[operation.name]!(grown, expected, operation, context);
      }
      const actual = await computeSteps(device, steps, image, [map, undefined, undefined, undefined]);
      assert.deepEqual(actual, expected.samples, `${dtype}×${channels}`);
    }
  });

  test('many chains at once within a small memory budget come out whole', async () => {
    const small = await GpuDevice.open(1 << 19);
    assert.ok(small instanceof GpuDevice);
    try {
      const random = noise(3);
      const image = imageOf({ width: 150, height: 100 }, { dtype: 'uint8', channels: 3 }, () => random(256));
      const example = { image, name: 'box', params: { radius: 4 }, border: 'clip' as const };
      const expected = runTiled(example, { width: 1024, height: 1024 });
      const results = await Promise.all(
        Array.from({ length: 6 }, () => runOnDevice(small, example, { width: 150, height: 50 })),
      );
      for (const result of results) assert.deepEqual(result?.samples, expected.samples);
    } finally {
      small.destroy();
    }
  });

  test('a chain under way when the device is lost fails as a tile that is tried again', async () => {
    const doomed = await GpuDevice.open();
    assert.ok(doomed instanceof GpuDevice);
    const image = imageOf({ width: 64, height: 64 }, { dtype: 'uint8', channels: 1 }, (x) => x);
    const step = stepOf({ name: 'box', params: { radius: 2 } }, { image, output: image.rect });
    const running = computeSteps(doomed, [step], image, [undefined]);
    doomed.destroy();
    await assert.rejects(running, { tag: 'tile-failed' });
    await assert.rejects(computeSteps(doomed, [step], image, [undefined]), { tag: 'tile-failed' });
    assert.match(await doomed.lost, /lost/);
  });
}

/** Whether a device is to take an operation on such pixels. */
function isOffered({ name, params }: OperationRow, { channels, dtype, samples }: Combination): boolean {
  if (channels > 4 || params.dtype !== undefined) return false;
  if (dtype !== 'float32') return WHOLLY.includes(name);
  if (name === 'nlm') return true;
  return ['box', 'mean', 'gaussian'].includes(name) && samples !== 'alpha' && samples !== 'everything';
}

function stepOf(
  given: Partial<Operation> & Pick<Operation, 'name' | 'params'>,
  { image, output, mapMax }: { image: ReturnType<typeof imageOf>; output: DeviceStep['output']; mapMax?: number },
): DeviceStep {
  const operation: Operation = { border: 'clip', constantValue: 3, byMap: false, ...given };
  const grown = grow(output, OPERATIONS[operation.name]!.reach(operation, mapMax ?? 0));
  const window = operation.border === 'clip' ? intersect(grown, image.rect) : grown;
  const type = { dtype: image.dtype, channels: image.channels };
  return { operation, window, output, input: type, result: type, image: image.rect, alpha: 'none', mapMax };
}
