import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import { unreadSidecars } from '../../tiling/sources/unread-sidecars.js';
import { scratchFolder } from '../support/scratch-folder.js';

const folder = scratchFolder();
const bare = { carried: [] } as unknown as RasterInfo;
const saidOf = (image: string) => unreadSidecars(join(folder, image), bare, {});

test('world files are found in small letters and in capitals, and none is made up', () => {
  for (const [image, world] of [
    ['a.tif', 'a.tfw'],
    ['IMG.TIF', 'IMG.TFW'],
    ['IMG.TIF', 'IMG.tfw'],
    ['b.tif', 'b.TIFW'],
    ['c.jpg', 'c.WLD'],
    ['noext', 'noext.wld'],
  ] as const) {
    const path = join(folder, world);
    writeFileSync(path, '1');
    assert.deepEqual(
      saidOf(image).map((sentence) => sentence.split(':')[0]),
      [path],
    );
    rmSync(path);
  }
  writeFileSync(join(folder, 'noext.w'), '1');
  assert.deepEqual(saidOf('noext'), []);
});

test('what cannot be looked at beside an image ends no job', () => {
  assert.deepEqual(saidOf(`${'n'.repeat(246)}.tif`), []);
  const metadata = join(folder, 'kept.tif.aux.xml');
  writeFileSync(metadata, '<NoDataValue>1</NoDataValue>');
  assert.equal(saidOf('kept.tif').length, 1);
  chmodSync(metadata, 0);
  // Whoever may read everything reads this too.
  assert.equal(saidOf('kept.tif').length, process.getuid?.() === 0 ? 1 : 0);
});
