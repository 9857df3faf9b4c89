import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { prepareInputs, prepareOptions } from '../../tiling/prepare/job-rasters.js';
import { preparePlan } from '../../tiling/prepare/prepare-plan.js';
import { imageOf } from '../conformance/box-tiles.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();

test('the largest value of a map is that of all its rects, whichever is looked through last', async () => {
  const size = { width: 9000, height: 3 };
  const files = { image: join(folder, 'image.tif'), map: join(folder, 'map.tif'), output: join(folder, 'out.tif') };
  for (const name of ['image', 'map'] as const) {
    writeTiff(
      files[name],
      imageOf(size, { dtype: name === 'map' ? 'float32' : 'uint8', channels: 1 }, () => 1),
    );
  }
  const spec = jobSpecSchema.parse({ ...files, operations: [{ name: 'box' }] });
  const machine = { threads: 2, memoryBytes: 512 << 20 };
  const inputs = await prepareInputs(spec, prepareOptions(machine, folder));
  const plan = await preparePlan(spec, inputs, machine, {
    slots: 3,
    // The first rect takes longest and has the smallest values.
    largest: async (_, { rect }) => {
      if (rect.x === 0) await setTimeout(20);
      return rect.x === 0 ? 2 : 7;
    },
    bitsOf: () => assert.fail('samples are whole numbers'),
    shapeOf: () => assert.fail('there is no module'),
  });
  assert.equal(plan.mapMaxBound, 7);
});
