import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { HalotileError } from '../../tiling/errors.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { inspectFile } from '../../tiling/sources/inspect.js';
import { openRaster } from '../../tiling/sources/open-raster.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { fixturePath, MANIFEST, readPixels } from './reading-fixtures.js';
import { type BuiltTag, buildTiff, greyTags } from './tiff-builder.js';

const folder = mkdtempSync(join(tmpdir(), 'halotile-damage-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const options = { scratchDirectory: join(folder, 'scratch'), maxBlockBytes: 1 << 20 };

/** One file of each kind of structure, small enough to be cut at every byte. */
const CUT = MANIFEST.tiffs.filter(({ file }) =>
  /strips-none-.*uint8-4|tiled-none-.*uint8-1-be|strips-deflate-p2-uint8|tiled-lzw-p1-uint8-1|tiled-zstd-p1-uint8|^jpeg-ycbcr-tiled|^webp-lossy|^sparse|^cog|^tifffile-planar/.test(
    file,
  ),
);

for (const { file, pixels } of CUT) {
  test(`${file} cut at any byte gives an error or its pixels, never anything else`, async () => {
    const path = join(folder, file);
    const bytes = readFileSync(fixturePath(file));
    const whole = new Uint8Array(readFileSync(fixturePath(pixels)));
    writeFileSync(path, bytes);
    // Every byte of small files and of all structures; of long pixel data every seventh.
    const step = (length: number) => (bytes.length < 6000 || length < 1500 || bytes.length - length < 1500 ? 1 : 7);
    for (let length = bytes.length - 1; length >= 0; length -= step(length)) {
      truncateSync(path, length);
      const read = await attempt(path);
      if (read instanceof HalotileError) assert.match(read.message, new RegExp(file));
      else assert.deepEqual(read, whole, `${length} of ${bytes.length} bytes`);
    }
  });
}

async function attempt(path: string): Promise<Uint8Array | HalotileError> {
  let source: Awaited<ReturnType<typeof openTiffSource>> | undefined;
  try {
    source = openTiffSource(path);
    return (await readPixels(source)).pixels;
  } catch (error) {
    if (error instanceof HalotileError) return error;
    throw error;
  } finally {
    source?.close();
  }
}

/** Mulberry32: a small seeded generator. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('random changes of bytes end in pixels or in an error of ours, soon', async () => {
  const next = random(20);
  const files = MANIFEST.tiffs.filter((_, i) => i % 4 === 0).map(({ file }) => file);
  const path = join(folder, 'changed.tif');
  for (const file of [...files, 'overviews.tif', 'geo.tif', 'jpeg-ycbcr-tiled.tif', 'webp-lossy-rgb.tif']) {
    const bytes = readFileSync(fixturePath(file));
    // Structures lie at the start or at the end; most changes go there.
    for (let round = 0; round < 60; round++) {
      const changed = Uint8Array.from(bytes);
      for (let i = 0; i < 1 + 3 * next(); i++) {
        const place = next() < 0.7 ? Math.floor(next() * 400) : bytes.length - 1 - Math.floor(next() * 400);
        changed[Math.max(0, place) % bytes.length] = next() < 0.5 ? Math.floor(next() * 256) : 255;
      }
      writeFileSync(path, changed);
      const error = await readSome(path);
      if (error !== undefined && !(error instanceof HalotileError)) {
        throw new Error(`${file}, round ${round}`, { cause: error });
      }
    }
  }
});

/** Inspects a file, then reads up to 64 × 64 pixels of it. */
async function readSome(path: string): Promise<unknown> {
  try {
    await inspectFile(path);
    const source = await openRaster(path, options);
    const { width, height, channels, dtype } = source.info;
    const rect = { x: 0, y: 0, width: Math.min(64, width), height: Math.min(64, height) };
    const stride = rect.width * channels * SAMPLE_BYTES[dtype];
    try {
      await new RasterReader(source, null, () => 0).read(rect, new Uint8Array(stride * rect.height), stride);
    } finally {
      source.close();
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

const GREY = Uint8Array.from({ length: 64 }, (_, i) => i);

test('the files of the following tests are sound where nothing is changed', async () => {
  for (const big of [false, true]) {
    const path = join(folder, 'sound.tif');
    writeFileSync(path, buildTiff(greyTags(8, 8), { big, data: GREY }));
    assert.deepEqual(await attempt(path), GREY);
  }
});

const deflated = deflateSync(new Uint8Array(4096 * 4096));

/** What is wrong, the file, and what the message must name. */
const WRONG: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['a strip past the end', grey({ 273: { values: [60000] } }), /block 0 .*past the end/],
  ['a strip longer than the file', grey({ 259: { values: [8] }, 279: { values: [60000] } }), /block 0 .*past the end/],
  ['a strip shorter than its pixels', grey({ 279: { values: [63] } }), /block 0 has 63 bytes for 64/],
  ['too few strips', grey({ 278: { values: [4] } }), /has 1 values; expected 2/],
  [
    'a tag of pixels whose values lie past the end',
    grey({ 42113: { type: 2, values: [50, 53, 53, 46, 48, 0], claimedOffset: 70000 } }),
    /gdalNodata .*past the end/,
  ],
  ['an absurd count', grey({ 273: { claimedCount: 0x7fffffff } }), /stripOffsets .*past the end/],
  ['an absurd number of channels', grey({ 277: { values: [65535] } }), /65535 samples per pixel/],
  ['an absurd width', grey({ 256: { values: [0xffffffff] } }), /width 4294967295/],
  ['no width', grey({ 256: { values: [0] } }), /width 0/],
  [
    'a missing height',
    buildTiff(
      greyTags(8, 8).filter(({ tag }) => tag !== 257),
      { data: GREY },
    ),
    /imageLength.*missing/,
  ],
  [
    'no pixel data',
    buildTiff(
      greyTags(8, 8).filter(({ tag }) => tag !== 273),
      { data: GREY },
    ),
    /tag 273 is missing/,
  ],
  ['an unknown compression', grey({ 259: { values: [34661] } }), /JBIG compression \(34661, tag 259\)/],
  ['old JPEG', grey({ 259: { values: [6] } }), /old-style JPEG compression \(6, /],
  ['complex samples', grey({ 258: { values: [64] }, 339: { values: [6] } }), /64-bit complex floating point samples/],
  ['odd bits', grey({ 258: { values: [24] } }), /24-bit unsigned integer samples.*gdal_translate/],
  ['packed samples that are missing', grey({ 258: { values: [12] } }), /block 0 has 64 bytes for 96/],
  ['indices without colours', grey({ 262: { values: [3] } }), /a colour map of 0 values/],
  [
    'one channel of CIE Lab',
    grey({ 262: { values: [8] } }),
    /1 channels under photometric interpretation 8.*expected 3/,
  ],
  ['CIE Lab by its transform', grey({ 262: { values: [10] } }), /ITU L\*a\*b\*.*vips colourspace/],
  ['floating-point prediction of bytes', grey({ 259: { values: [8] }, 317: { values: [3] } }), /predictor 3 for uint8/],
  ['only overviews', grey({ 254: { type: 4, values: [1] } }), /overview or a mask/],
  ['a directory of 60000 tags', Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0, 0x60, 0xea, 0, 0), /claims 60000 tags/],
  ['no directory at all', Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0), /no image directory/],
  [
    'a BigTIFF of another offset size',
    Uint8Array.of(0x49, 0x49, 43, 0, 4, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0),
    /offset size/,
  ],
  [
    'damaged deflate',
    buildTiff(greyTags(8, 8, { 259: { values: [8] } }), { data: GREY }),
    /block 0 cannot be decoded as deflate/,
  ],
  [
    'damaged LZW',
    buildTiff(greyTags(8, 8, { 259: { values: [5] } }), { data: GREY.map(() => 255) }),
    /block 0 cannot be decoded as lzw/,
  ],
  [
    'damaged ZSTD',
    buildTiff(greyTags(8, 8, { 259: { values: [50000] } }), { data: GREY }),
    /block 0 (cannot be decoded as zstd|decodes to)/,
  ],
  [
    'deflate that ends early',
    compressed(deflateSync(GREY.subarray(0, 60)), 8),
    /block 0 decodes to 60 bytes; expected 64/,
  ],
  ['deflate that goes on', compressed(deflateSync(new Uint8Array(500)), 8), /block 0 cannot be decoded as deflate/],
  ['a bomb by its header', compressed(deflateSync(GREY), 9_000_000), /compression "deflate"; expected at least/],
  ['a bomb by its data', compressed(deflated, 16), /block 0 cannot be decoded as deflate/],
];

function grey(changes: Readonly<Record<number, Partial<BuiltTag>>>): Uint8Array {
  return buildTiff(greyTags(8, 8, changes), { data: GREY });
}

/** A square image of one deflated strip. */
function compressed(data: Uint8Array, side: number): Uint8Array {
  return buildTiff(greyTags(side, side, { 259: { values: [8] }, 279: { values: [data.length] } }), { data });
}

for (const [what, bytes, message] of WRONG) {
  test(`${what} is refused with the file and the place`, async () => {
    const path = join(folder, 'wrong.tif');
    writeFileSync(path, bytes);
    const error = await attempt(path);
    assert.ok(error instanceof HalotileError, 'was read');
    assert.equal(error.tag, 'bad-input');
    assert.ok(error.message.startsWith(path), error.message);
    assert.match(error.message, message);
  });
}

test('a file without strip sizes is read where nothing is compressed', async () => {
  const path = join(folder, 'no-sizes.tif');
  const tags = greyTags(8, 8).filter(({ tag }) => tag !== 279);
  writeFileSync(path, buildTiff(tags, { data: GREY }));
  assert.deepEqual(await attempt(path), GREY);
});
