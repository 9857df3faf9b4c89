import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { type EncodedMessage, MESSAGE_BYTES } from '../../coordinator/cluster/block-message.js';
import { FileThreads } from '../../coordinator/cluster/file-threads.js';
import { HeldFile, heldSource } from '../../coordinator/cluster/held-file.js';
import { blockMessages, pieceMessages, rectMessages } from '../../coordinator/cluster/inline-reads.js';
import { halotile } from '../../proto/gen/messages.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { makeScene } from '../cluster/scene-files.js';

const directory = mkdtempSync(join(tmpdir(), 'halotile-inline-'));
const threads = new FileThreads();
before(() => makeScene(join(directory, 'data')));
after(async () => {
  await threads.close();
  rmSync(directory, { recursive: true });
});

/** What a worker makes of messages: whole blocks in order, every CRC looked at. */
async function receive(messages: AsyncIterable<EncodedMessage>) {
  const blocks: { readonly index: number; readonly bytes: Buffer }[] = [];
  const sizes: number[] = [];
  let pieces: Uint8Array[] = [];
  let missing = 0;
  for await (const message of messages) {
    const { parts } = halotile.v1.FetchBlocksResponse.decode(Buffer.from(message.bytes));
    message.sent();
    sizes.push(parts.reduce((sum, { data }) => sum + data.length, 0));
    for (const { index, length, data, crc } of parts) {
      assert.equal(crc32(data), crc);
      if (pieces.length === 0) missing = length;
      pieces.push(data);
      missing -= data.length;
      if (missing > 0) continue;
      blocks.push({ index, bytes: Buffer.concat(pieces) });
      pieces = [];
    }
  }
  assert.equal(pieces.length, 0);
  assert.ok(sizes.every((size) => size <= MESSAGE_BYTES));
  return { blocks, messages: sizes.length };
}

function open(name: string) {
  const source = openTiffSource(join(directory, 'data', name));
  return { source, file: heldSource(source) };
}

test('blocks travel as they lie in the file, small ones together', async () => {
  const raster = open('deflate.tif');
  const indexes = [3, 0, 7, 3];
  const { blocks, messages } = await receive(blockMessages(threads, raster, indexes));
  assert.deepEqual(
    blocks,
    indexes.map((index) => ({ index, bytes: Buffer.from(raster.source.readBlock(index)) })),
  );
  assert.ok(messages < indexes.length);
  const many = new Array(65_536).fill(1);
  const single = Buffer.from(raster.source.readBlock(1));
  const all = await receive(blockMessages(threads, raster, many.slice(0, 50)));
  assert.ok(all.blocks.length === 50 && all.blocks.every(({ bytes }) => bytes.equals(single)));
  assert.throws(() => blockMessages(threads, raster, [100_000]), { tag: 'bad-input' });
  assert.throws(() => blockMessages(threads, raster, [...many, 1]), { tag: 'bad-input' });
  await raster.file.close();
});

test('a rect of raw pixels travels row by row, whatever blocks it cuts', async () => {
  const raster = open('raw.tif');
  const { width, height } = raster.source.info;
  for (const rect of [
    { x: 0, y: 0, width, height },
    { x: 250, y: 511, width: 613, height: 2 },
    { x: width - 1, y: 0, width: 1, height },
  ]) {
    const rowBytes = rect.width * 3;
    const expected = Buffer.alloc(rowBytes * rect.height);
    raster.source.readRaw!(rect, expected, rowBytes);
    const { blocks } = await receive(rectMessages(threads, raster, rect));
    assert.ok(blocks.length === 1 && blocks[0]!.bytes.equals(expected));
  }
  assert.throws(() => rectMessages(threads, raster, { x: 0, y: 0, width: width + 1, height: 1 }), { tag: 'bad-input' });
  await raster.file.close();
});

test('stored blocks are held against the ledger, those of several messages too', async () => {
  const lengths = [10, 0, 3 * MESSAGE_BYTES + 17, 400_000, 800_000];
  const contents = lengths.map((length) => randomBytes(length));
  const path = join(directory, 'part');
  writeFileSync(path, Buffer.concat(contents));
  let offset = 0;
  const reads = contents.map((bytes) => {
    const read = { path, offset, length: bytes.length, crc: crc32(bytes), mayBeLost: false };
    offset += bytes.length;
    return read;
  });
  const fetch = () => receive(pieceMessages(threads, [0, 1, 2, 3, 4], (position) => reads[position]));
  const { blocks } = await fetch();
  assert.ok(blocks.every(({ index, bytes }) => bytes.equals(contents[index]!)));
  const damaged = Buffer.concat(contents);
  damaged[10 + 2 * MESSAGE_BYTES]! ^= 1;
  writeFileSync(path, damaged);
  await assert.rejects(fetch(), { tag: 'output-failed' });
  await assert.rejects(receive(pieceMessages(threads, [5], () => undefined)), { tag: 'bad-input' });
});

test('what a thread stores is checked before it is written, and a file is closed after its last user', async () => {
  const path = join(directory, 'stored');
  writeFileSync(path, '');
  const fd = openSync(path, 'r+');
  let closed = false;
  const file = new HeldFile({ fd, name: path }, () => {
    closeSync(fd);
    closed = true;
  });
  const pieces = [randomBytes(50_000), randomBytes(20), randomBytes(100)];
  const whole = Buffer.concat(pieces);
  const blocks = [
    { offset: 0, length: 50_010, crc: crc32(whole.subarray(0, 50_010)) },
    { offset: 60_000, length: 110, crc: crc32(whole.subarray(50_010)) },
  ];
  const store = (crc: number) =>
    file.use((held) => {
      const checked = [blocks[0]!, { ...blocks[1]!, crc }];
      return threads.store({
        file: held,
        pieces: pieces.map((piece) => new Uint8Array(piece)),
        blocks: checked,
        sync: true,
      });
    });
  assert.equal(await store(blocks[1]!.crc ^ 1), 1);
  const storing = store(blocks[1]!.crc);
  const closing = file.close();
  assert.equal(closed, false);
  assert.equal(await storing, undefined);
  await closing;
  assert.equal(closed, true);
  await assert.rejects(store(0), { tag: 'not-found' });
});
