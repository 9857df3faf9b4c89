import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeLerc } from '../../tiling/codecs/lerc.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { fixturePath } from './reading-fixtures.js';

const SHAPE = { channels: 1, bits: 8, isFloat: false, packing: 0 };

function firstBlock() {
  const source = openTiffSource(fixturePath('stored-lerc.tif'));
  const { info, layout } = source;
  const shape = { ...SHAPE, width: info.width, height: Math.min(info.height, layout.blockHeight) };
  const encoded = source.readBlock(0);
  source.close();
  return { encoded, shape: { ...shape, maxHeight: layout.blockHeight } };
}

test('a block of the size that the file says is decoded', async () => {
  const { encoded, shape } = firstBlock();
  const pixels = readFileSync(fixturePath('stored-lerc.raw'));
  assert.deepEqual(Buffer.from(await decodeLerc(encoded, shape)), pixels.subarray(0, shape.width * shape.height));
});

test('a header that asks for more is refused before the decoder takes memory for it', async () => {
  const { encoded, shape } = firstBlock();
  const view = new DataView(encoded.buffer, encoded.byteOffset);
  for (const [at, side] of [
    [14, 60_000],
    [18, 60_000],
    [14, -1],
  ] as const) {
    const before = view.getInt32(at, true);
    view.setInt32(at, side, true);
    await assert.rejects(decodeLerc(encoded, shape), /LERC of -?\d+×-?\d+ pixels/);
    view.setInt32(at, before, true);
  }
  await assert.rejects(decodeLerc(encoded.subarray(0, 10), shape), /no LERC block of version 2/);
});
