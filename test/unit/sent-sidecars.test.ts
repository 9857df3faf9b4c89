import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sendInputs } from '../../library/cluster/cluster-files.js';
import { parseJobSpec } from '../../library/parse-specs.js';
import { imageOf } from '../conformance/box-tiles.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const image = join(folder, 'a.tif');
const raster = imageOf({ width: 16, height: 16 }, { dtype: 'uint8', channels: 1 }, () => 7);

async function warned(more: object, tags: Parameters<typeof writeTiff>[3] = {}): Promise<string[]> {
  writeTiff(image, raster, {}, tags);
  const warnings: string[] = [];
  const spec = parseJobSpec({
    image,
    map: 'root:data/a.tif',
    output: 'root:data/out.tif',
    operations: [{ name: 'box' }],
    ...more,
  });
  const sent = await sendInputs(
    spec,
    async () => 'upload:1',
    (what) => warnings.push(what),
  );
  assert.equal(sent.image, 'upload:1');
  return warnings.map((what) => what.split(':')[0]!.slice(image.length));
}

test('who sends an image is told what lies beside it and is not sent', async () => {
  assert.deepEqual(await warned({}), []);
  writeFileSync(`${image}.msk`, '');
  writeFileSync(`${image}.aux.xml`, '<NoDataValue>7</NoDataValue>');
  writeFileSync(join(folder, 'b.tif.msk'), '');
  assert.deepEqual(await warned({}), ['.msk', '.aux.xml']);
  assert.deepEqual(await warned({ mask: 'ignore', nodata: [7] }), []);
  assert.deepEqual(
    await warned({}, { tags: [{ tag: 42113, type: 2, values: '7' }] }),
    ['.msk'],
    'the image says its nodata itself',
  );
});
