import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingModules, pythonJson } from '../support/python.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';

const folder = scratchFolder();
const DISTANCE = 'distance:dx=file,dy=file';
const SKIP = { skip: missingModules('scipy', 'tifffile') };

/** Masks that state the size of their pixels, each in a way of its own, and none. */
const WRITE = `
import sys, numpy as np, tifffile
mask = (np.random.default_rng(4).random((61, 83)) < 0.01).astype(np.uint8)
folder = sys.argv[1]
tifffile.imwrite(f'{folder}/dpi.tif', mask, resolution=(300, 150), resolutionunit='INCH')
tifffile.imwrite(f'{folder}/ome.ome.tif', mask, metadata={'axes': 'YX', 'PhysicalSizeX': 0.25, 'PhysicalSizeY': 0.5})
tifffile.imwrite(f'{folder}/imagej.tif', mask, imagej=True, resolution=(4, 2), metadata={'unit': 'um'})
tie = (33922, 'd', 6, (0, 0, 0, 500000.0, 4100000.0, 0), True)
tifffile.imwrite(f'{folder}/geo.tif', mask, extratags=[(33550, 'd', 3, (10.0, 2.5, 0.0), True), tie])
turned = (3.0, -4.0, 0, 5e5, 6.0, 8.0, 0, 4e6, 0, 0, 0, 0, 0, 0, 0, 1)
tifffile.imwrite(f'{folder}/turned.tif', mask, extratags=[(34264, 'd', 16, turned, True)])
tifffile.imwrite(f'{folder}/none.tif', mask)
print('[]')
`;

/** How far each output is from SciPy's distances with these sides of a pixel, and the largest of them. */
const COMPARE = `
import sys, json, numpy as np, tifffile
from scipy.ndimage import distance_transform_edt
errors = []
for path, made, dx, dy in json.loads(sys.argv[1]):
    mask = tifffile.imread(path)
    ours = tifffile.imread(made, key=0)
    expected = distance_transform_edt(mask == 0, sampling=(dy, dx))
    errors.append([float(np.abs(ours - expected).max()), float(expected.max())])
print(json.dumps(errors))
`;

test('distances in the size of pixels that the file states are those of SciPy', SKIP, async () => {
  pythonJson(WRITE, folder);
  const stated = [
    ['dpi.tif', 25_400 / 300, 25_400 / 150],
    ['ome.ome.tif', 0.25, 0.5],
    ['imagej.tif', 0.25, 0.5],
    ['geo.tif', 10, 2.5],
    ['turned.tif', Math.hypot(3, 6), Math.hypot(4, 8)],
  ] as const;
  const made: unknown[] = [];
  for (const [name, dx, dy] of stated) {
    const output = join(folder, `made-${name.split('.')[0]}.tif`);
    const { code, stderr } = await halotile('process', join(folder, name), '-o', output, '--op', DISTANCE, '--quiet');
    assert.equal(code, 0, stderr);
    made.push([join(folder, name), output, dx, dy]);
  }
  const errors = pythonJson(COMPARE, JSON.stringify(made)) as [number, number][];
  for (const [index, [worst, most]] of errors.entries()) {
    assert.ok(worst <= most * 2 ** -22, `${stated[index]![0]}: ${worst} of ${most}`);
  }
  const refused = await halotile('process', join(folder, 'none.tif'), '-o', join(folder, 'no.tif'), '--op', DISTANCE);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /dx=file, and the image states no size of its pixels; .* give dx as a number/);
});
