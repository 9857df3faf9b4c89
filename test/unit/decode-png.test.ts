import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';
import { encodeIndexedPng, encodeRgbaPng, pngChunk } from '../../tiling/palette/png-encode.js';
import { decodePng } from '../../worker/frames/decode-png.js';

/** Reproducible bytes with runs, slopes and noise, so that every filter is chosen somewhere. */
function bytesOf(length: number, seed: number): Buffer {
  let state = seed;
  return Buffer.from(
    Array.from({ length }, (_, at) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const part = Math.floor(at / 997) % 3;
      return part === 0 ? at >> 3 : part === 1 ? (at % 64) + (state >>> 30) : state >>> 24;
    }),
  );
}

async function bySharp(png: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(
    await sharp(png, { ignoreIcc: true }).toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }).toBuffer(),
  );
}

/** A PNG of filtered rows given as they are, in one or more IDAT chunks. */
function pngOf(
  rows: Buffer,
  header: { width: number; height: number; depth: number; type: number },
  extra: Buffer[] = [],
) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(header.width, 0);
  head.writeUInt32BE(header.height, 4);
  head.set([header.depth, header.type], 8);
  const data = deflateSync(rows);
  const middle = data.length >> 1;
  return Buffer.concat([
    ...[Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), pngChunk('IHDR', head), ...extra],
    ...[
      pngChunk('IDAT', data.subarray(0, middle)),
      pngChunk('IDAT', data.subarray(middle)),
      pngChunk('IEND', Buffer.alloc(0)),
    ],
  ]);
}

const SIZES = [
  { width: 1, height: 1 },
  { width: 7, height: 5 },
  { width: 33, height: 70 },
  // More than one strip of rows.
  { width: 700, height: 230 },
];

test('every filter and kind of pixel gives the samples that sharp gives', async () => {
  const colours = Buffer.concat([pngChunk('PLTE', bytesOf(768, 5)), pngChunk('tRNS', bytesOf(100, 6))]);
  for (const [type, pixelBytes] of [
    [0, 1],
    [2, 3],
    [3, 1],
    [4, 2],
    [6, 4],
  ] as const) {
    for (const { width, height } of SIZES) {
      for (const filter of [0, 1, 2, 3, 4, 'mixed'] as const) {
        const stride = width * pixelBytes + 1;
        const rows = bytesOf(stride * height, 11 + type);
        for (let row = 0; row < height; row++) rows[row * stride] = filter === 'mixed' ? (row * 7 + 3) % 5 : filter;
        const png = pngOf(rows, { width, height, depth: 8, type }, type === 3 ? [colours] : []);
        const what = `type ${type}, ${width}×${height}, filter ${filter}`;
        const decoded = decodePng(png, null);
        const expected = await bySharp(png);
        assert.ok(decoded !== undefined && Buffer.compare(decoded.rgba, expected) === 0, what);
        assert.deepEqual(decoded.size, { width, height });
        const small = { width: 5, height: 9 };
        const scaled = scaleNearestRgba(expected, { width, height }, small);
        assert.deepEqual(decodePng(png, small)!.rgba, scaled, what);
      }
    }
  }
});

test('what sharp and we write is read', async () => {
  const size = { width: 40, height: 30 };
  const raw = { raw: { ...size, channels: 4 as const } };
  const rgba = bytesOf(4800, 3);
  for (const options of [{}, { adaptiveFiltering: true }]) {
    assert.deepEqual(
      new Uint8Array(decodePng(await sharp(rgba, raw).png(options).toBuffer(), null)!.rgba),
      new Uint8Array(rgba),
    );
  }
  assert.deepEqual(decodePng(encodeRgbaPng(rgba, size), null)!.rgba, new Uint8Array(rgba));
  const indexed = encodeIndexedPng(new Uint8Array(1200), size, [[1, 2, 3]], { transparent: true });
  assert.deepEqual([...decodePng(indexed, { width: 1, height: 1 })!.rgba], [1, 2, 3, 255]);
});

test('everything else and everything damaged is left to another decoder', async () => {
  const size = { width: 16, height: 16 };
  const rgba = bytesOf(1024, 9);
  const whole = encodeRgbaPng(rgba, size);
  assert.ok(decodePng(whole, null));
  const flipped = (at: number) => Buffer.from(whole.map((byte, index) => (index === at ? byte ^ 1 : byte)));
  for (const at of [0, 12, 20, 29, 45, whole.length - 20, whole.length - 2])
    assert.equal(decodePng(flipped(at), null), undefined);
  for (const length of [0, 8, 33, 60, whole.length - 13, whole.length - 1]) {
    assert.equal(decodePng(whole.subarray(0, length), null), undefined, `${length}`);
  }
  const image = () => sharp(rgba, { raw: { ...size, channels: 4 as const } });
  const others = [
    await image().png({ progressive: true }).toBuffer(),
    await image().toColourspace('rgb16').png().toBuffer(),
    await image().flatten().png({ palette: true, colours: 2 }).toBuffer(),
    await image().webp().toBuffer(),
    await image().jpeg().toBuffer(),
  ];
  for (const [index, bytes] of others.entries()) assert.equal(decodePng(bytes, null), undefined, `${index}`);
  const rows = (filter: number, length: number) => Buffer.alloc(length).fill(filter, 0, 1);
  const grey = { width: 4, height: 1, depth: 8, type: 0 };
  assert.ok(decodePng(pngOf(rows(0, 5), grey), null));
  assert.equal(decodePng(pngOf(rows(5, 5), grey), null), undefined, 'an unknown filter');
  assert.equal(decodePng(pngOf(rows(0, 4), grey), null), undefined, 'too few bytes');
  assert.equal(decodePng(pngOf(rows(0, 60), grey), null), undefined, 'too many bytes');
  assert.equal(decodePng(pngOf(rows(0, 5), { ...grey, type: 3 }), null), undefined, 'a place outside the palette');
  assert.equal(
    decodePng(pngOf(rows(0, 5), grey, [pngChunk('tRNS', Buffer.of(0, 0))]), null),
    undefined,
    'a clear colour',
  );
});

/** The chunks of a PNG, each whole. */
function chunksOf(png: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const end = at + 12 + png.readUInt32BE(at);
    chunks.push(png.subarray(at, end));
    at = end;
  }
  return chunks;
}

/** An indexed picture with clear places and a comment, its pixels in two chunks. */
function indexedPng(): Buffer {
  const rows = Buffer.from(Array.from({ length: 17 * 16 }, (_, at) => (at % 17 === 0 ? 0 : (at * 5) % 8)));
  const palette = [pngChunk('PLTE', bytesOf(24, 5)), pngChunk('tRNS', bytesOf(3, 6))];
  return pngOf(rows, { width: 16, height: 16, depth: 8, type: 3 }, [...palette, pngChunk('tEXt', Buffer.from('a\0b'))]);
}

test('chunks that are out of place are left to another decoder', () => {
  const png = indexedPng();
  const [header, palette, clear, text, first, second, end] = chunksOf(png) as [Buffer, ...Buffer[]];
  assert.ok(decodePng(png, null));
  const arrangements: Readonly<Record<string, (Buffer | undefined)[]>> = {
    'other chunks between the pixels': [header, palette, clear, first, text, second, end],
    'an unknown critical chunk': [header, palette, clear, pngChunk('ABCD', Buffer.alloc(1)), first, second, end],
    'two palettes': [header, palette, palette, clear, first, second, end],
    'two lists of clear places': [header, palette, clear, clear, first, second, end],
    'two headers': [header, header, palette, clear, first, second, end],
    'more clear places than colours': [header, palette, pngChunk('tRNS', bytesOf(9, 6)), first, second, end],
    'a palette behind the pixels': [header, first, second, palette, end],
    'clear places behind the pixels': [header, palette, first, second, clear, end],
    'clear places before the palette': [header, clear, palette, first, second, end],
    'a palette of broken colours': [header, pngChunk('PLTE', bytesOf(25, 5)), clear, first, second, end],
    'a palette of too many colours': [header, pngChunk('PLTE', bytesOf(771, 5)), clear, first, second, end],
    'something before the header': [text, header, palette, clear, first, second, end],
  };
  for (const [name, chunks] of Object.entries(arrangements)) {
    const arranged = Buffer.concat([png.subarray(0, 8), ...chunks.map((chunk) => chunk!)]);
    assert.equal(decodePng(arranged, null), undefined, name);
  }
});

test('whatever is done to the chunks, what is read here sharp reads too, and the same', async () => {
  let state = 99;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  const rgba = encodeRgbaPng(bytesOf(1024, 9), { width: 16, height: 16 });
  let read = 0;
  for (let round = 0; round < 600; round++) {
    const png = round % 2 === 0 ? indexedPng() : Buffer.from(rgba);
    const chunks = chunksOf(png);
    const at = next(chunks.length);
    const other = next(chunks.length);
    const nameOf = (chunk: Buffer) => chunk.toString('latin1', 4, 8);
    const content = chunks[at]!.subarray(8, -4);
    const change = [
      () => chunks.splice(at, 1),
      () => chunks.splice(other, 0, chunks[at]!),
      () => chunks.splice(other, 0, ...chunks.splice(at, 1)),
      () => chunks.splice(at, 1, pngChunk(['PLTE', 'tRNS', 'IDAT', 'QQQQ', 'qqQq', 'gAMA'][next(6)]!, content)),
      () => chunks.splice(at, 1, pngChunk(nameOf(chunks[at]!), content.subarray(0, next(content.length + 1)))),
      () => chunks.splice(at, 1, pngChunk(nameOf(chunks[at]!), Buffer.concat([content, bytesOf(1 + next(9), round)]))),
    ][next(6)]!;
    change();
    const damaged = Buffer.concat([png.subarray(0, 8), ...chunks]);
    const decoded = decodePng(damaged, null);
    if (decoded === undefined) continue;
    read++;
    assert.deepEqual(new Uint8Array(decoded.rgba), await bySharp(damaged), `round ${round}`);
  }
  assert.ok(read > 20);
});
