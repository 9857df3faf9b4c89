import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { filterPixels } from '../../library/filter-pixels.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalInfo, gdalPixels } from '../support/gdal.js';
import { readLevels } from '../support/output-levels.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileMetadata, writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const input = join(folder, 'in.tif');
const output = join(folder, 'out.tif');
const SIZE = { width: 64, height: 48 };

/** Colour 200 everywhere but in a clear square, where it is 0; then the other channels. */
function squareImage(channels: number, alphaAt: number) {
  const clear = (x: number, y: number) => x >= 20 && x < 40 && y >= 20 && y < 40;
  return imageOf(SIZE, { dtype: 'uint8', channels }, (x, y, c) =>
    c === alphaAt ? (clear(x, y) ? 0 : 255) : c < 3 ? (clear(x, y) ? 0 : 200) : 77,
  );
}

test('two channels of alpha are refused with the command that takes one for it', async () => {
  writeTiff(input, squareImage(5, 3), {}, { extraSamples: [2, 1] });
  const { code, stderr } = await halotile('process', input, '-o', output, '--op', 'box:radius=3', '--quiet');
  assert.equal(code, 2);
  assert.match(stderr, /channel 4 of 5 is alpha .*-b 1 -b 2 -b 3 -b 5 -b 4/);
});

test('alpha weighs wherever it lies, and stays there', { skip: GDAL_MISSING }, async () => {
  const last = join(folder, 'last.tif');
  const random = noise(4);
  const image = imageOf(SIZE, { dtype: 'uint8', channels: 5 }, (x, y, c) =>
    c === 3 && x < 30 && y < 20 ? 0 : random(256),
  );
  const grid = ['--tile', '32', '--block', '16', '--quiet'];
  const chains = [['box:radius=3', 'gamma:gamma=0.5'], ['gaussian:sigma=2'], ['downscale:factor=2']];
  for (const [extraSamples, moved, chain] of [
    ...chains.map((chain) => [[2, 0], [0, 2], chain] as const),
    [[1, 0], [0, 1], chains[0]!] as const,
  ]) {
    writeTiff(input, image, {}, { extraSamples });
    // The same samples with alpha at the end, as GDAL orders them.
    writeTiff(
      last,
      imageOf(SIZE, image, (x, y, c) => image.samples[(y * SIZE.width + x) * 5 + [0, 1, 2, 4, 3][c]!]!),
      {},
      { extraSamples: moved },
    );
    const levels: TileRaster[][] = [];
    for (const path of [input, last]) {
      const ops = chain.flatMap((operation) => ['--op', operation]);
      const { code, stderr } = await halotile('process', path, '-o', output, ...ops, ...grid);
      assert.equal(code, 0, stderr);
      assert.equal(gdalInfo(output).bands[path === input ? 3 : 4]!.colorInterpretation, 'Alpha');
      levels.push(await readLevels(output));
    }
    for (const [level, { samples, rect }] of levels[0]!.entries()) {
      const wanted = imageOf(
        rect,
        image,
        (x, y, c) => levels[1]![level]!.samples[(y * rect.width + x) * 5 + [0, 1, 2, 4, 3][c]!]!,
      );
      assert.deepEqual(samples, wanted.samples, `${extraSamples} ${chain}, level ${level}`);
    }
  }
  writeTiff(input, squareImage(5, 3), {}, { extraSamples: [2, 0] });
  assert.equal((await halotile('process', input, '-o', output, '--op', 'box:radius=3', '--quiet')).code, 0);
  const at = (30 * SIZE.width + 18) * 5;
  assert.deepEqual([...gdalPixels(output).subarray(at, at + 3)], [200, 200, 200]);
  assert.equal(gdalPixels(output)[at + 4], 77);
});

/** What files say of channels beyond the colours. */
const KINDS: Readonly<Record<string, { channels: number; metadata: FileMetadata; flags?: string[] }>> = {
  'unassociated alpha': { channels: 4, metadata: { extraSamples: [2] } },
  'associated alpha': { channels: 4, metadata: { extraSamples: [1] } },
  'an unspecified channel': { channels: 4, metadata: { extraSamples: [0] } },
  'an unspecified channel before alpha': { channels: 5, metadata: { extraSamples: [0, 2] } },
  'grey with alpha': { channels: 2, metadata: { extraSamples: [2] } },
  'alpha as a channel': { channels: 4, metadata: { extraSamples: [2] }, flags: ['--alpha', 'channel'] },
  'alpha in the middle as a channel': {
    channels: 5,
    metadata: { extraSamples: [2, 0] },
    flags: ['--alpha', 'channel'],
  },
  'bands that are no colours': { channels: 3, metadata: { photometric: 1, extraSamples: [0, 0] } },
};

for (const [name, { channels, metadata, flags = [] }] of Object.entries(KINDS)) {
  test(`${name}: GDAL tells the output's channels as the input's`, { skip: GDAL_MISSING }, async () => {
    writeTiff(input, squareImage(channels, channels - 1), {}, metadata);
    const { code, stderr } = await halotile(
      'process',
      input,
      '-o',
      output,
      '--op',
      'box:radius=3',
      '--quiet',
      ...flags,
    );
    assert.equal(code, 0, stderr);
    const kinds = (path: string) => gdalInfo(path).bands.map(({ colorInterpretation }) => colorInterpretation);
    assert.deepEqual(kinds(output), kinds(input));
  });
}

/** Frames of the same picture; what its first pixel is as RGBA. */
const FRAMES: Readonly<Record<string, { values: number[]; metadata: FileMetadata; rgba: number[] }>> = {
  white: { values: [10], metadata: { photometric: 0 }, rgba: [245, 245, 245, 255] },
  grey: { values: [10], metadata: {}, rgba: [10, 10, 10, 255] },
  'grey-alpha': { values: [10, 90], metadata: { extraSamples: [2] }, rgba: [10, 10, 10, 90] },
  'grey-extra': { values: [10, 90], metadata: { extraSamples: [0] }, rgba: [10, 10, 10, 255] },
  'grey-alpha-extra': {
    values: [10, 90, 7],
    metadata: { photometric: 1, extraSamples: [2, 0] },
    rgba: [10, 10, 10, 90],
  },
  'white-alpha': { values: [10, 90], metadata: { photometric: 0, extraSamples: [2] }, rgba: [245, 245, 245, 90] },
  premultiplied: { values: [5, 123, 2, 128], metadata: { extraSamples: [1] }, rgba: [10, 245, 4, 128] },
  straight: { values: [10, 245, 5, 128], metadata: { extraSamples: [2] }, rgba: [10, 245, 5, 128] },
  extra: { values: [10, 245, 5, 9], metadata: { extraSamples: [0] }, rgba: [10, 245, 5, 255] },
};

test('frames in TIFF become the colours that their tags say, in palettes and chains alike', async () => {
  const frames = join(folder, 'frames');
  for (const [name, { values, metadata }] of Object.entries(FRAMES)) {
    mkdirSync(join(frames, name), { recursive: true });
    const image = imageOf(
      { width: 4, height: 4 },
      { dtype: 'uint8', channels: values.length },
      (_x, _y, c) => values[c]!,
    );
    writeTiff(join(frames, name, 'a.tif'), image, {}, metadata);
  }
  const exact = ['--method', 'threshold', '--threshold', '0.5', '--quiet'];
  const made = await halotile('palette', frames, '-o', join(folder, 'palettes'), ...exact);
  assert.equal(made.code, 0, made.stderr);
  for (const [name, { rgba }] of Object.entries(FRAMES)) {
    const { data } = await sharp(join(folder, 'palettes', name, 'a.png'))
      .ensureAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([...data.subarray(0, 4)], rgba, name);
  }
});

test('codecs for pictures take pictures only', { skip: GDAL_MISSING }, async () => {
  const refusals: readonly [string, number, FileMetadata, RegExp][] = [
    ['webp', 4, { extraSamples: [0] }, /4 channels as RGB and alpha, and these are not/],
    ['webp', 3, { photometric: 1, extraSamples: [0, 0] }, /3 channels as RGB, and these are not/],
    ['jpeg', 3, { photometric: 1, extraSamples: [0, 0] }, /3 channels as RGB, and these are not/],
    ['jpeg', 3, { nodata: 0 }, /nodata value 0 would turn into others/],
    ['jpeg', 1, { nodata: 255 }, /nodata value 255 would turn into others/],
    ['webp', 3, { nodata: 0 }, /nodata value 0 would turn into others/],
  ];
  for (const [codec, channels, metadata, says] of refusals) {
    writeTiff(input, squareImage(channels, -1), {}, metadata);
    const { code, stderr } = await halotile(
      'process',
      input,
      '-o',
      output,
      '--op',
      'box:radius=0',
      '--compression',
      codec,
    );
    assert.equal(code, 2, `${codec} ${channels}`);
    assert.match(stderr, says);
    assert.match(stderr, /--compression deflate/);
  }
  // With alpha: colours under clear pixels come through, as in any other codec.
  const random = noise(1);
  const soft = imageOf(SIZE, { dtype: 'uint8', channels: 4 }, (x, y, c) =>
    c === 3 ? (x < 32 ? 0 : 255) : 90 + x + y + random(2),
  );
  writeTiff(input, soft, {}, { extraSamples: [2] });
  const flags = ['--op', 'median:footprint=rect:1x1', '--compression', 'webp', '--codec-quality', '95', '--quiet'];
  assert.equal((await halotile('process', input, '-o', output, ...flags)).code, 0);
  const decoded = gdalPixels(output);
  let error = 0;
  for (let i = 0; i < decoded.length; i++) error += Math.abs(decoded[i]! - soft.samples[i]!);
  assert.ok(error / decoded.length < 4, `mean error ${error / decoded.length}`);
});

test('a preview shows what the file means: no negative, nodata sets no range, alpha is no colour', async () => {
  const picture = join(folder, 'preview.png');
  const shown = async () => {
    const { code, stderr } = await halotile('preview', input, '-o', picture);
    assert.equal(code, 0, stderr);
    return sharp(picture).raw().toBuffer({ resolveWithObject: true });
  };
  const write = (
    dtype: 'uint8' | 'uint16' | 'float32',
    pixels: readonly (readonly number[])[],
    metadata: FileMetadata,
  ) =>
    writeTiff(
      input,
      imageOf(
        { width: pixels.length, height: 1 },
        { dtype, channels: pixels[0]!.length },
        (x, _y, c) => pixels[x]![c]!,
      ),
      {},
      metadata,
    );
  write('uint8', [[0], [200]], { photometric: 0 });
  assert.deepEqual([...(await shown()).data.subarray(0, 1)], [255]);
  write('float32', [[100], [200], [-9999], [150]], { nodata: -9999 });
  const floats = await shown();
  assert.deepEqual(
    [...floats.data].filter((_, i) => i % floats.info.channels === 0),
    [0, 255, 96, 127],
  );
  write(
    'uint16',
    [
      [1000, 65535],
      [2000, 0],
    ],
    { extraSamples: [2] },
  );
  const rgba = await shown();
  assert.equal(rgba.info.channels, 4);
  assert.deepEqual([...rgba.data], [0, 0, 0, 255, 255, 255, 255, 0]);
  write('uint8', [[50, 60, 70, 100]], { extraSamples: [1] });
  assert.deepEqual([...(await shown()).data], [127, 153, 178, 100]);
  write('uint8', [[50, 60, 70, 100]], { extraSamples: [0] });
  assert.deepEqual([...(await shown()).data], [50, 60, 70]);
});

test('colours that nothing weighs are left as they are: radius 0 changes no pixel, a wide clear area keeps its own', async () => {
  const clear = (x: number, y: number) => x < 40 && y < 40;
  const mapImage = imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x) => (x < 8 ? 0 : 1));
  const map = { ...SIZE, channels: 1, samples: mapImage.samples };
  for (const dtype of ['uint8', 'uint16', 'float32'] as const) {
    for (const channels of [2, 4]) {
      const random = noise(7);
      const image = imageOf(SIZE, { dtype, channels }, (x, y, c) =>
        c < channels - 1 ? 1 + random(250) : clear(x, y) ? 0 : 1 + random(250),
      );
      const pixels = { ...SIZE, channels, samples: image.samples };
      const filter = async (operation: string, byMap: boolean) =>
        (await filterPixels(pixels, [operation], { alpha: 'unassociated', ...(byMap && { map }) })).samples;
      const what = `${dtype} of ${channels} channels`;
      for (const operation of ['box:radius=0', 'mean:footprint=rect:1x1']) {
        assert.deepEqual(await filter(operation, false), image.samples, what);
      }
      for (const operation of [
        'box:radius=4',
        'mean:footprint=disk:4',
        'gaussian:sigma=1',
        'box',
        'gaussian',
        'iterated-box',
      ]) {
        const after = await filter(operation, !/[:]/.test(operation));
        // Where no window holds alpha: a diffusion reaches farthest.
        const inner = operation === 'iterated-box' ? 8 : 36;
        for (let y = 0; y < inner; y++) {
          const row = y * SIZE.width * channels;
          const end = row + inner * channels;
          assert.deepEqual(
            after.subarray(row, end),
            image.samples.subarray(row, end),
            `${what}, ${operation}, row ${y}`,
          );
        }
      }
    }
  }
});
