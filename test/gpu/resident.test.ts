import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { BroadcastChannel } from 'node:worker_threads';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { filterStage } from '../../tiling/plan/levels.js';
import { makePlan } from '../../tiling/plan/make-plan.js';
import type { Samples } from '../../tiling/raster/dtype.js';
import { memorySource } from '../../tiling/sources/memory-source.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { DeviceClient } from '../../worker/device/device-client.js';
import type { DeviceLink, DeviceMessage } from '../../worker/device/device-messages.js';
import { serveDevice } from '../../worker/gpu/device-server.js';
import { openBackend } from '../../worker/kernels/backends/open-backend.js';
import { GpuDevice } from '../../worker/kernels/webgpu/chain/gpu-device.js';
import { runChain } from '../../worker/tile/run-chain.js';
import { Tally } from '../../worker/tile/tally.js';
import { imageOf, noise } from '../conformance/box-tiles.js';

// What of a chain stays on the device: the questions that a thread asks it, for one tile.

type Chain = JobSpecInput['operations'];
const SIZE = { width: 90, height: 70 };
const BACKEND = 'this device';

const opened = await GpuDevice.open();
if (opened instanceof GpuDevice) {
  after(() => opened.destroy());
  registerChains(opened);
} else test('chains stay on a GPU', { skip: opened.reason }, () => {});

/** Runs a chain over one tile and returns its pixels and the operations of each question to the device. */
async function run(
  dtype: 'uint8' | 'float32',
  operations: Chain,
  link: DeviceLink | undefined,
): Promise<{ samples: Samples; asked: string[][] }> {
  const random = noise(4);
  const image = memorySource('image', {
    ...SIZE,
    channels: 3,
    samples: imageOf(SIZE, { dtype, channels: 3 }, () => random(256)).samples,
  });
  const map = memorySource('map', {
    ...SIZE,
    channels: 1,
    samples: imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x, y) => (x + 2 * y) / 20).samples,
  });
  const spec = jobSpecSchema.parse({
    image: 'image',
    map: 'map',
    output: 'memory',
    operations,
    mapping: { scale: 0.7 },
  });
  const inputOf = (path: string, { info, layout }: typeof image) => ({ path, info, layout });
  const readFile = (path: string): Buffer => assert.fail(`no operation here names ${path}`);
  const machine = { threads: 1, memoryBytes: 2 ** 29 };
  const plan = makePlan(
    spec,
    { image: inputOf('image', image), map: inputOf('map', map), extras: [], readFile },
    machine,
  );
  const backend = openBackend('wasm');
  backend.memory.reset(plan.memory.linearBytes);
  const nowMs = () => 0;
  const asked: string[][] = [];
  const ear = new BroadcastChannel(link?.channel ?? 'nobody');
  ear.onmessage = (event) => {
    const message = (event as { readonly data: DeviceMessage }).data;
    if (message.kind === 'ask') asked.push(message.request.steps.map(({ operation }) => operation.name));
  };
  const client = link && new DeviceClient(link);
  const reader = (source: typeof image) => new RasterReader(source, null, nowMs);
  try {
    const { raster } = await runChain(
      {
        ...{ plan, backend, extras: {}, job: { boundedBackend: BACKEND } },
        ...{ image: reader(image), map: reader(map) },
        ...(client && { device: client }),
      },
      { operations: plan.operations, tileRect: { x: 0, y: 0, ...SIZE } },
      new Tally(nowMs),
    );
    assert.ok(filterStage(plan).tileSide >= SIZE.width);
    return { samples: raster.samples.slice(0, SIZE.width * SIZE.height * 3), asked };
  } finally {
    ear.close();
    client?.close();
  }
}

function registerChains(device: GpuDevice): void {
  const link: DeviceLink = { channel: 'gpu-resident-test', backend: BACKEND, limits: device.opened.limits };
  after(serveDevice(device, link));

  const blurs: Chain = [{ name: 'gaussian' }, { name: 'gaussian', params: { quality: 'exact' } }];
  for (const blur of blurs) {
    test(`a chain after a Gaussian by map is one question: ${JSON.stringify(blur.params ?? {})}`, async () => {
      const chain: Chain = [
        blur,
        { name: 'gamma', params: { gamma: 0.8 } },
        { name: 'max', params: { footprint: 'disk:2' } },
      ];
      const onDevice = await run('uint8', chain, link);
      assert.deepEqual(onDevice.asked, [['gaussian', 'gamma', 'max']]);
      const onProcessor = await run('uint8', chain, undefined);
      const off = Array.from(onDevice.samples, (sample, i) => Math.abs(sample - onProcessor.samples[i]!));
      assert.ok(Math.max(...off) <= 2, `${Math.max(...off)}`);
    });
  }

  test('float32 stays on the device from mean to mean', async () => {
    const chain: Chain = [
      { name: 'box' },
      { name: 'gaussian', params: { sigma: 2 } },
      { name: 'mean', params: { window: 3 } },
    ];
    const onDevice = await run('float32', chain, link);
    assert.deepEqual(onDevice.asked, [['box', 'gaussian', 'mean']]);
    const onProcessor = await run('float32', chain, undefined);
    const off = Array.from(onDevice.samples, (sample, i) => Math.abs(sample - onProcessor.samples[i]!));
    assert.ok(Math.max(...off) <= 255 * 4e-6, `${Math.max(...off)}`);
  });

  test('what only the processor has stands between two questions', async () => {
    const chain: Chain = [
      { name: 'gaussian' },
      { name: 'iterated-box', params: { sigma: 1 } },
      { name: 'gaussian', params: { sigma: 1 } },
    ];
    const { asked } = await run('uint8', chain, link);
    assert.deepEqual(asked, [['gaussian'], ['gaussian']]);
  });
}
