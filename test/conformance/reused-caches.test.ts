import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import type { SlotTableSize } from '../../tiling/slot-table.js';
import { CacheMemory } from '../../tiling/sources/cache-memory.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { runEngine } from '../support/engine.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { imageOf } from './box-tiles.js';

const folder = scratchFolder();

/** Memory of caches that is in use. */
const used = new Set<SharedArrayBuffer>();
const made = new Set<SharedArrayBuffer>();
const givenBack = new EventEmitter();
const { open, take } = CacheMemory.prototype;
mock.method(CacheMemory.prototype, 'open', function (this: CacheMemory, size: SlotTableSize) {
  const cache = open.call(this, size);
  assert.ok(!used.has(cache.buffer), 'two jobs share memory');
  used.add(cache.buffer);
  made.add(cache.buffer);
  return cache;
});
mock.method(CacheMemory.prototype, 'take', function (this: CacheMemory, cache: { readonly buffer: SharedArrayBuffer }) {
  assert.ok(used.delete(cache.buffer), 'memory is given back twice');
  take.call(this, cache);
  givenBack.emit('take');
});

/** An image of several deflated tiles, of which one is damaged. */
function damagedImage(): string {
  const path = join(folder, 'damaged.tif');
  writeTiff(
    path,
    imageOf({ width: 700, height: 700 }, { dtype: 'uint8', channels: 3 }, (x, y) => (x ^ y) & 255),
    { tile: 256, deflate: true },
  );
  const source = openTiffSource(path);
  const { offset } = source.placeOf(4);
  source.close();
  const bytes = readFileSync(path);
  bytes.fill(0xee, offset, offset + 8);
  writeFileSync(path, bytes);
  return path;
}

const damaged = damagedImage();

/** Until all memory is given back: tiles that were under way when their job failed have their ends too. */
async function allGivenBack(): Promise<void> {
  while (used.size > 0) await new Promise<void>((resolve) => givenBack.once('take', resolve));
}

test('jobs that fail give the memory of their caches back, and the next one takes it', async () => {
  const operations = [{ name: 'mean', params: { window: 5 } }];
  for (let run = 0; run < 3; run++) {
    const output = join(folder, `${run}.tif`);
    await assert.rejects(runEngine({ image: damaged, output, operations, tile: 256 }), { tag: 'bad-input' });
    await allGivenBack();
    assert.equal(made.size, 1);
  }
});
