import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { squareOffsets, windowMoments } from '../conformance/window-moments.js';
import { readLevels } from '../support/output-levels.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const image = join(folder, 'image.tif');
const map = join(folder, 'map.tif');
const output = join(folder, 'out.tif');
const SIZE = { width: 60, height: 50 };

/** Blurs that must give the value of a flat image back, however large it is: what SciPy in float64 does. */
const BLURS: Readonly<Record<string, readonly string[]>> = {
  'a fixed Gaussian': ['process', image, '--op', 'gaussian:sigma=2'],
  'a wide Gaussian': ['process', image, '--op', 'gaussian:sigma=12'],
  'a Gaussian by map': ['blur', image, '--map', map, '--kernel', 'gaussian'],
  'an exact Gaussian by map': ['blur', image, '--map', map, '--kernel', 'gaussian', '--quality', 'exact'],
  'a box': ['process', image, '--op', 'box:radius=2'],
  'an iterated box': ['process', image, '--op', 'iterated-box:sigma=3'],
  'non-local means': ['process', image, '--op', 'nlm:patch=3,window=5'],
};

for (const [name, args] of Object.entries(BLURS)) {
  test(`${name} of float32 near the largest number stays finite`, async () => {
    writeTiff(
      map,
      imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x) => x % 9),
    );
    for (const value of [3e38, -3.4e38, 1e30]) {
      const isVoid = (x: number, y: number) => x < 3 && y < 3;
      writeTiff(
        image,
        imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => (isVoid(x, y) ? -9999 : value)),
        {},
        { nodata: -9999 },
      );
      const { code, stderr } = await halotile(...args, '-o', output, '--no-overviews', '--quiet');
      assert.equal(code, 0, stderr);
      const { samples } = (await readLevels(output))[0]!;
      for (const [i, sample] of samples.entries()) {
        const wanted = isVoid(i % SIZE.width, Math.floor(i / SIZE.width)) ? -9999 : value;
        assert.ok(Math.abs(sample / wanted - 1) < 2e-6, `${sample} for ${wanted} at ${i}`);
      }
    }
  });
}

/** What an undeclared fill value must not change beyond the windows that hold it. */
const FILLED = [
  { op: 'box:radius=2', fill: 1e20, value: 100, noise: 100, of: 'mean' },
  { op: 'mean:window=5', fill: 1e20, value: 100, noise: 100, of: 'mean' },
  { op: 'std:window=5', fill: -9999, value: 0.05, noise: 1e-4, of: 'std' },
  { op: 'std:window=5', fill: 65535, value: 0.05, noise: 1e-4, of: 'std' },
] as const;

for (const { op, fill, value, noise: range, of } of FILLED) {
  test(`${op} beside an undeclared ${fill} is right in all windows`, async () => {
    const random = noise(1);
    const size = { width: 600, height: 500 };
    const raster = imageOf(size, { dtype: 'float32', channels: 1 }, (x, y) =>
      x === 300 && y === 400 ? fill : value + (range * random(10000)) / 10000,
    );
    writeTiff(image, raster);
    const { code, stderr } = await halotile('process', image, '--op', op, '-o', output, '--quiet');
    assert.equal(code, 0, stderr);
    const { samples } = (await readLevels(output))[0]!;
    const moments = windowMoments(raster, { border: 'reflect', constant: 0, nodata: [], margin: 2 });
    const offsets = squareOffsets(2);
    for (const [i, sample] of samples.entries()) {
      const { mean, squares, count, largest } = moments(i % size.width, Math.floor(i / size.width), 0, offsets)!;
      const deviation = Math.sqrt(squares / count);
      const [wanted, bound] = of === 'mean' ? [mean, 2 ** -20 * largest] : [deviation, 1e-5 * deviation];
      assert.ok(Math.abs(sample - wanted) <= bound, `${sample} for ${wanted} at ${i}`);
    }
  });
}
