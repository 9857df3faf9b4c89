import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOperation } from '../../library/parse-operation.js';
import { parseJobSpec } from '../../library/parse-specs.js';
import { preparePlan } from '../../tiling/prepare/prepare-plan.js';
import { memorySource } from '../../tiling/sources/memory-source.js';
import { runInMemory } from '../../worker/index.js';
import { imageOf, noise } from './box-tiles.js';

const SIZE = { width: 200, height: 170 };
const CHAINS = [
  ['gaussian:sigma=1', 'threshold:method=otsu', 'label'],
  ['gaussian:sigma=2', 'threshold:method=otsu', 'distance', 'box:radius=3'],
  ['median', 'threshold:method=otsu', 'fill-holes', 'label:minArea=4'],
];

for (const chain of CHAINS) {
  test(`pixels before a reduction that memory has no room for are made again, and are the same: ${chain}`, async () => {
    const next = noise(6);
    const { samples } = imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x, y) => 60 + ((x * y) % 90) + next(80));
    const image = memorySource('the image', { ...SIZE, channels: 1, samples });
    const spec = parseJobSpec({
      ...{ image: 'memory', output: 'memory', operations: chain.map(parseOperation), tile: 32, block: 16 },
      ...{ compression: { codec: 'none' }, overviews: false },
    });
    const plan = await preparePlan(
      spec,
      { image: { plan: { path: 'the image', info: image.info, layout: image.layout } }, extras: [] },
      { threads: 1, memoryBytes: 512 << 20, halosOnly: true },
      {
        slots: 1,
        largest: () => assert.fail('there is no map'),
        bitsOf: () => assert.fail('nothing is read of the whole image'),
        shapeOf: () => assert.fail('there is no module'),
      },
    );
    const nowMs = () => performance.now();
    const [held, made] = await Promise.all(
      [1 << 30, 0].map((memoryBytes) => runInMemory(plan, { image, extras: {} }, { nowMs, memoryBytes })),
    );
    assert.deepEqual(made, held);
    assert.ok(held!.samples.some((sample) => sample > 0));
  });
}
