import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfBits, halfOf } from '../../tiling/codecs/stored-samples.js';
import type { FolderStore } from '../../tiling/zarr/folder-store.js';
import { ToldStore } from '../../tiling/zarr/told-store.js';

test('every half is its own bits, every other number those that NumPy gives it', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = halfOf(bits);
    assert.equal(halfBits(value), Number.isNaN(value) ? 0x7e00 : bits);
  }
  // int(np.float16(x).view(np.uint16)) of NumPy 2.4.6.
  for (const [value, bits] of [
    [0.1, 11878],
    [-0.1, 44646],
    [1 / 3, 13653],
    [65519.99, 31743],
    [65520, 31744],
    [1e9, 31744],
    [-1e9, 64512],
    [2 ** -25, 0],
    [1.5 * 2 ** -25, 1],
    [3 * 2 ** -25, 2],
    [6.102025508880615e-5, 1024],
    [6.1005353927612305e-5, 1024],
    [2049, 26624],
    [2051, 26626],
    [4095, 27648],
    [1.00048828125, 15360],
    [1.00146484375, 15362],
    [1e-300, 0],
    [5e-324, 0],
  ] as const)
    assert.equal(halfBits(value), bits, `${value}`);
});

test('a fill value that is no half becomes the nearest one', async () => {
  const array = { zarr_format: 2, dtype: '<f2', fill_value: 0.1 };
  const store = { get: async () => new TextEncoder().encode(JSON.stringify(array)) } as unknown as FolderStore;
  const told = new TextDecoder().decode(await new ToldStore(store).get('/a/.zarray'));
  assert.deepEqual(JSON.parse(told), { ...array, dtype: '<u2', fill_value: 11878 });
});
