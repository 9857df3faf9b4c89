import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { stringify } from 'yaml';
import { runDataset } from '../../coordinator/index.js';
import { runJob } from '../../library/calls.js';
import { HalotileError } from '../../tiling/errors.js';
import { type DatasetSpecInput, datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import type { Rgb } from '../../tiling/palette/nearest-colour.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { Remap } from '../../tiling/palette/remap.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { ThreadPoolExecutor } from '../../worker/index.js';
import { outputs, rgbaOf } from '../support/palette-bench.js';

const folder = mkdtempSync(join(tmpdir(), 'halotile-dataset-'));
const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const machine = { threads: 2, memoryBytes: 512 * 2 ** 20 };
const executor = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: `frames-${process.pid}` });
after(async () => {
  await executor.close();
  rmSync(folder, { recursive: true, force: true });
});

const FRAME = { width: 48, height: 64 };
const LARGE = { width: 700, height: 520 };
/** Between the two, so that one image of the dataset is large. */
const WHOLE = 100_000;
type Chain = NonNullable<DatasetSpecInput['operations']>;
const CHAIN: Chain = [{ name: 'box' }, { name: 'gamma', params: { gamma: 0.8 } }];

/** A shaded disc on clear ground. */
function figure({ width, height }: typeof FRAME, index: number): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot((x - width / 2 - index) / width, (y - height / 2) / height);
      if (distance > 0.45) continue;
      const band = Math.floor(distance * 12);
      rgba.set([(band * 53 + index * 40) % 256, (band * 31 + 20) % 256, 255 - band * 20, 255], (y * width + x) * 4);
    }
  }
  return rgba;
}

/** Radii that grow to the right. */
function radii({ width, height }: typeof FRAME): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, pixel) => ((pixel % width) * 5) / width);
}

function writeImage(path: string, size: typeof FRAME, index: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeRgbaPng(figure(size, index), size));
}

async function writeMap(path: string, size: typeof FRAME): Promise<void> {
  const raw = { ...size, channels: 1 } as const;
  const image = sharp(radii(size), { raw }).toColourspace('b-w');
  await (path.endsWith('.tif') ? image.tiff({ compression: 'deflate', tile: true }) : image.png()).toFile(path);
}

/** Two characters of five frames each, one of them with a large tiled TIFF too; returns the manifest. */
async function makeDataset(root: string): Promise<string> {
  const rows = ['image,map,character'];
  for (const [number, character] of ['knight', 'mage'].entries()) {
    for (let index = 0; index < 5; index++) {
      const image = `${character}/${index}.png`;
      writeImage(join(root, image), FRAME, index + number * 7);
      rows.push(`${image},map.png,${character}`);
    }
  }
  await writeMap(join(root, 'map.png'), FRAME);
  await writeMap(join(root, 'mage-map.tif'), LARGE);
  await sharp(figure(LARGE, 3), { raw: { ...LARGE, channels: 4 } })
    .tiff({ compression: 'deflate', tile: true, tileWidth: 128, tileHeight: 128 })
    .toFile(join(root, 'mage/sheet.tif'));
  rows.push('mage/sheet.tif,mage-map.tif,mage');
  writeFileSync(join(root, 'list.csv'), `${rows.join('\n')}\n`);
  return join(root, 'list.csv');
}

function run(input: DatasetSpecInput) {
  const job = datasetSpecSchema.parse({ operations: CHAIN, ...input });
  return runDataset({ job, executor, machine, nowSeconds: () => performance.now() / 1000 });
}

let manifest = '';
let whole = '';
before(async () => {
  manifest = await makeDataset(join(folder, 'set'));
  whole = join(folder, 'whole');
  await run({ frames: [manifest], output: whole, wholePixels: WHOLE });
});

test('every written pixel is the image job’s, in the nearest colour of the character’s palette', async () => {
  for (const [image, map, written, size] of [
    ['knight/2.png', 'map.png', 'knight/2.png', FRAME],
    ['mage/sheet.tif', 'mage-map.tif', 'mage/sheet.tif', LARGE],
  ] as const) {
    const root = dirname(manifest);
    const filtered = join(folder, 'filtered.tif');
    await runJob({ image: join(root, image), map: join(root, map), output: filtered, operations: CHAIN });
    const expected = await rgbaOf(filtered);
    const palette = JSON.parse(readFileSync(join(whole, dirname(written), 'palette.json'), 'utf8'));
    const remap = new Remap(palette.colors.map(({ rgb }: { rgb: Rgb }) => rgb));
    const { indices } = remap.frame(expected, size.width);
    const actual = await rgbaOf(join(whole, written));
    assert.equal(actual.length, size.width * size.height * 4);
    for (let pixel = 0; pixel < indices.length; pixel++) {
      const alpha = expected[pixel * 4 + 3]!;
      const colour = alpha === 0 ? [0, 0, 0] : remap.colours[indices[pixel]!]!;
      assert.deepEqual([...actual.subarray(pixel * 4, pixel * 4 + 4)], [...colour, alpha], `${written} pixel ${pixel}`);
    }
  }
});

test('large images give what held ones give, at their own size and downscaled', async () => {
  const held = join(folder, 'held');
  await run({ frames: [manifest], output: held });
  for (const [name, same] of [['mage/sheet.png', 'mage/sheet.tif'], ['mage/3.png'], ['knight/0.png']] as const) {
    assert.deepEqual(await rgbaOf(join(held, name)), await rgbaOf(join(whole, same ?? name)), name);
  }
  const size = { width: 33, height: 27 };
  const [large, small] = [join(folder, 'large-small'), join(folder, 'held-small')];
  await run({ frames: [manifest], output: large, size, wholePixels: WHOLE });
  await run({ frames: [manifest], output: small, size });
  assert.deepEqual(outputs(large), outputs(small));
  // With no chain the file itself is read by rects, a PNG by way of a tiled copy.
  writeImage(join(folder, 'plain/big.png'), LARGE, 5);
  const plain = [join(dirname(manifest), 'mage/sheet.tif'), join(folder, 'plain/big.png')];
  const [direct, decoded] = [join(folder, 'direct'), join(folder, 'decoded')];
  const ordered = { frames: plain, operations: [], palette: { colors: 4, dither: 'ordered' as const } };
  await run({ ...ordered, output: direct, wholePixels: WHOLE, largeFormat: 'png' });
  await run({ ...ordered, output: decoded });
  for (const name of ['mage/sheet.png', 'plain/big.png']) {
    assert.deepEqual(await rgbaOf(join(direct, name)), await rgbaOf(join(decoded, name)), name);
  }
  const diffused = { ...ordered, output: join(folder, 'diffused'), wholePixels: WHOLE };
  await assert.rejects(
    run({ ...diffused, palette: { dither: 'floyd-steinberg' } }),
    /\.(tif|png): .* pixels are too many for dithering by floyd-steinberg.*; use ordered dithering/,
  );
});

test('what is large at its final size is a tiled BigTIFF with overviews of its own colours, or a PNG', async () => {
  const output = join(folder, 'formats');
  const job = { frames: [manifest], output, wholePixels: WHOLE };
  const files = () => [...outputs(output).keys()].filter((path) => path.startsWith('mage/sheet'));
  await run({ ...job, largeFormat: 'png' });
  assert.deepEqual(files(), ['mage/sheet.png']);
  const asPng = await rgbaOf(join(output, 'mage/sheet.png'));
  await run(job);
  assert.deepEqual(files(), ['mage/sheet.tif']);
  const tiff = join(output, 'mage/sheet.tif');
  assert.deepEqual(await rgbaOf(tiff), asPng);
  const { layout, info } = openTiffSource(tiff);
  assert.deepEqual([layout.blockWidth, layout.codec, info.alpha], [512, 'deflate', 'unassociated']);
  const { data, info: half } = await sharp(tiff, { page: 1 }).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([half.width, half.height, half.channels], [350, 260, 4]);
  for (let y = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++) {
      const [at, from] = [(y * half.width + x) * 4, (2 * y * LARGE.width + 2 * x) * 4];
      assert.deepEqual([...data.subarray(at, at + 4)], [...asPng.subarray(from, from + 4)], `${x},${y}`);
    }
  }
  await run({ ...job, largeFormat: 'png' });
  assert.deepEqual(files(), ['mage/sheet.png']);
});

test('a second run does nothing; a changed map redoes only its character', async () => {
  const root = join(folder, 'changing');
  const list = await makeDataset(root);
  const output = join(folder, 'changing-out');
  const job = { frames: [list], output, wholePixels: WHOLE };
  await run(job);
  assert.deepEqual(outputs(output), outputs(whole));
  const times = () =>
    ['knight/1.png', 'mage/1.png', 'mage/sheet.tif'].map((name) => statSync(join(output, name)).mtimeMs);
  const first = times();
  const second = await run(job);
  assert.deepEqual([second.characters.reused, second.frames.reused, second.bytes.read], [2, 11, 0]);
  assert.deepEqual(times(), first);

  await sharp(radii(LARGE).fill(2), { raw: { ...LARGE, channels: 1 } })
    .toColourspace('b-w')
    .tiff({ tile: true })
    .toFile(join(root, 'mage-map.tif'));
  const third = await run(job);
  assert.equal(third.characters.reused, 1);
  assert.equal(times()[0], first[0]);
  assert.notDeepEqual(outputs(output).get('mage/sheet.tif'), outputs(whole).get('mage/sheet.tif'));

  const other = await run({ ...job, operations: [{ name: 'box', params: { radius: 1 } }] });
  assert.equal(other.characters.reused, 0);
});

test('a job file runs by the command, and killed at any place it ends in the same files', async () => {
  for (const [number, until] of ['.halotile/mage/images', 'knight/palette.json', 'mage/0.png'].entries()) {
    const output = join(folder, `killed-${number}`);
    const file = join(folder, `job-${number}.yaml`);
    writeFileSync(file, stringify({ frames: ['set/list.csv'], output, operations: CHAIN, wholePixels: WHOLE }));
    const args = [cli, 'run', file, '--threads', '2', '--json'];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    await new Promise<void>((resolve) => {
      const watch = setInterval(() => {
        if (existsSync(join(output, until))) child.kill('SIGKILL');
      }, 2);
      child.once('exit', () => {
        clearInterval(watch);
        resolve();
      });
    });
    const resumed = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.deepEqual(outputs(output), outputs(whole), until);
    assert.equal(existsSync(join(output, '.halotile/mage/images')), false);
  }
});

test('tiles of an interrupted run are not run again', async () => {
  const output = join(folder, 'interrupted');
  const abort = new AbortController();
  const job = datasetSpecSchema.parse({ frames: [manifest], output, operations: CHAIN, wholePixels: WHOLE });
  const common = { job, executor, machine, nowSeconds: () => 0 };
  const stopped = runDataset({
    ...common,
    signal: abort.signal,
    onProgress: ({ imagesCounted, imagesTotal }) => {
      // The last frame of the larger character is its large one.
      if (imagesCounted === imagesTotal) abort.abort();
    },
  });
  await assert.rejects(stopped, (error: unknown) => error instanceof HalotileError && error.tag === 'interrupted');
  assert.ok(readdirSync(join(output, '.halotile/mage/images')).some((name) => name.endsWith('.look')));
  let tilesSeen = 0;
  await runDataset({
    ...common,
    onProgress: ({ image }) => {
      if (image === 'sheet.tif') tilesSeen++;
    },
  });
  assert.equal(tilesSeen, 0);
  assert.deepEqual(outputs(output), outputs(whole));
});

test('reductions, scans along rows and other images run in held frames as in image jobs', async () => {
  const root = dirname(manifest);
  const image = join(root, 'knight/1.png');
  const chains: readonly Chain[] = [
    [{ name: 'row-ema', params: { alpha: 0.2 } }],
    [{ name: 'flat-field', params: { dark: 1, flat: join(root, 'knight/4.png') } }],
    [
      { name: 'downscale', params: { factor: 3 } },
      { name: 'threshold', params: { method: 'otsu' } },
    ],
  ];
  for (const [number, operations] of chains.entries()) {
    const filtered = join(folder, `alone-${number}.tif`);
    await runJob({ image, output: filtered, operations, alpha: 'channel' });
    const output = join(folder, `chain-${number}`);
    const palette = { method: 'threshold', threshold: 0 } as const;
    await run({ images: [{ image, character: 'k' }], output, operations, alpha: 'channel', palette });
    const [expected, actual] = [await rgbaOf(filtered), await rgbaOf(join(output, 'k/1.png'))];
    for (let at = 0; at < expected.length; at += 4) {
      const wanted = expected[at + 3] === 0 ? [0, 0, 0, 0] : [...expected.subarray(at, at + 4)];
      assert.deepEqual([...actual.subarray(at, at + 4)], wanted, `${operations[0]!.name} pixel ${at / 4}`);
    }
  }
});

test('what cannot be is said in one sentence, and skipped where that is asked for', async () => {
  const image = join(dirname(manifest), 'knight/0.png');
  const output = join(folder, 'refused');
  const rejects = (input: DatasetSpecInput, message: RegExp) =>
    assert.rejects(run(input), (error: unknown) => error instanceof HalotileError && message.test(error.message));
  await rejects({ images: [{ image }], output }, /knight\/0\.png: .*neither a radius nor a map.*a map for every image/);
  await rejects({ images: [{ image, map: 'gone.png' }], output }, /gone\.png/);
  const wrong = [{ image, map: join(dirname(manifest), 'mage-map.tif') }];
  await rejects({ images: wrong, output }, /the map is 700×520; expected 48×64/);
  await rejects({ images: [{ image }], output, operations: [{ name: 'blur' }] }, /no such operation/);
  assert.throws(() => datasetSpecSchema.parse({ output }), /no images/);

  const large = join(dirname(manifest), 'mage/sheet.tif');
  const images = [
    { image, map: join(dirname(manifest), 'map.png'), character: 'a' },
    { image: large, map: join(dirname(manifest), 'map.png'), character: 'a' },
  ];
  const { frames } = await run({ images, output, onError: 'skip', wholePixels: WHOLE });
  assert.deepEqual(frames, { total: 2, written: 1, reused: 0, failed: 1 });
  assert.match(readFileSync(join(output, 'report.html'), 'utf8'), /the map is 48×64/);
});

test('the example of docs/palettes.md runs', async () => {
  const page = readFileSync(new URL('../../../docs/palettes.md', import.meta.url), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(page)![1]!;
  const root = join(folder, 'example');
  const list = await makeDataset(root);
  renameSync(list, join(root, 'sprites.csv'));
  mkdirSync(join(root, 'slides'));
  renameSync(join(root, 'mage/sheet.tif'), join(root, 'slides/knight.tif'));
  renameSync(join(root, 'mage-map.tif'), join(root, 'slides/knight-distance.tif'));
  writeFileSync(join(root, 'dataset.yaml'), example);
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'run', join(root, 'dataset.yaml'), '--json'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  // The manifest still names the sheet that was moved, which is reported and skipped.
  assert.deepEqual(JSON.parse(stdout).frames, { total: 12, written: 11, reused: 0, failed: 1 });
  assert.deepEqual((await sharp(join(root, 'out/knight/knight.png')).metadata()).width, 64);
});
