import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pagesIn } from '../../tiling/job/page-range.js';
import { encodeRgbaPng, pngChunk } from '../../tiling/palette/png-encode.js';
import { pngPictures } from '../../tiling/sources/png-pictures.js';
import { memoryBytes } from '../../tiling/tiff/random-bytes.js';

const still = encodeRgbaPng(new Uint8Array(16), { width: 2, height: 2 });
const pixelsAt = still.indexOf('IDAT') - 4;
const frame = pngChunk('fcTL', new Uint8Array(26));

/** An animation that says how many frames it has, with chunks before and behind its first picture. */
function animation(said: number, before: readonly Uint8Array[], behind: readonly Uint8Array[]): Buffer {
  const count = Buffer.alloc(8);
  count.writeUInt32BE(said);
  const end = still.length - 12;
  const head = [still.subarray(0, pixelsAt), pngChunk('acTL', count), ...before];
  return Buffer.concat([...head, still.subarray(pixelsAt, end), ...behind, still.subarray(end)]);
}

test('the pictures of a PNG are those that are there, however many it says', () => {
  const pictures = (png: Buffer) => pngPictures(memoryBytes('a.png', png));
  assert.equal(pictures(still), 1);
  assert.equal(pictures(animation(4_000_000_000, [frame], [])), 1);
  assert.equal(pictures(animation(3, [frame], [frame, frame])), 3);
  assert.equal(pictures(animation(2, [], [frame, frame])), 3, 'the still one is none of the frames');
  assert.equal(pictures(animation(2, [], [])), 1);
});

test('a range means no more pages than can be listed', () => {
  assert.deepEqual(pagesIn('all', { count: 3 }, 'a.zarr'), [1, 2, 3]);
  assert.deepEqual(pagesIn('all', { count: 3, own: [1, 3] }, 'a.tif'), [1, 3]);
  assert.deepEqual(pagesIn('4000000000', { count: 4e9 }, 'a.zarr'), [4e9]);
  for (const range of ['all', '1-4000000000']) {
    assert.throws(
      () => pagesIn(range, { count: 4e9 }, 'a.zarr'),
      /a\.zarr: 4000000000 pages; expected at most 1048576 in a range/,
    );
  }
});
