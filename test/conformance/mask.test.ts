import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { HalotileError } from '../../tiling/errors.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { BORDERS, OPERATIONS } from '../../tiling/operations/index.js';
import { DTYPES, type DType, FILTERED_DTYPES, type Samples, toSample, viewSamples } from '../../tiling/raster/dtype.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { parseHeader } from '../../tiling/tiff/header.js';
import { FileBytes } from '../../tiling/tiff/random-bytes.js';
import { TAG } from '../../tiling/tiff/tags.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { runEngine } from '../support/engine.js';
import { readLevels } from '../support/output-levels.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { BACKENDS } from './backends.js';
import { imageOf, noise } from './box-tiles.js';
import { OPERATION_TABLE } from './operation-table.js';
import { emptyRaster, type OperationCase, runTiled } from './operation-tiles.js';

const folder = scratchFolder();
const fixtures = fileURLToPath(new URL('../../../test/fixtures/mask/', import.meta.url));

interface Golden {
  readonly file: string;
  readonly dtype: DType;
  readonly channels: number;
  readonly mask: string;
  readonly radii: string;
  readonly radius3: string;
  readonly byMap: string;
  readonly radius2then1: string;
  readonly overview: string;
  readonly overviewMask: string;
}

const goldens = JSON.parse(readFileSync(join(fixtures, 'goldens.json'), 'utf8')) as {
  readonly width: number;
  readonly height: number;
  readonly cases: readonly Golden[];
};
const size = { width: goldens.width, height: goldens.height };

function samplesOf(dtype: DType, data: string): Samples {
  const bytes = new Uint8Array(Buffer.from(data, 'base64'));
  return viewSamples(dtype, bytes.buffer, 0, bytes.length / { uint8: 1, uint16: 2, uint32: 4, float32: 4 }[dtype]);
}

const bytesOf = (data: string) => [...samplesOf('uint8', data)];

/** Integers are equal; floats within `relative`, and what is not finite is the same. */
function assertSamples(actual: Samples, expected: Samples, relative = 2e-6): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    const wanted = expected[i]!;
    const tolerance = actual instanceof Float32Array ? relative * Math.abs(wanted) : 0;
    assert.ok(
      Object.is(value, wanted) || Math.abs(value - wanted) <= tolerance,
      `sample ${i}: ${value}, not ${wanted}`,
    );
  });
}

const box = (radius: number) => ({ name: 'box', params: { radius }, border: 'clip' as const });

/** A job over a fixture in blocks of 16; its levels as the file holds them: image, mask, overview, its mask, … */
async function filtered(spec: Omit<JobSpecInput, 'output' | 'block'>, backend: 'wasm' | 'reference' = 'wasm') {
  const output = join(folder, 'out.tif');
  const result = await runEngine({ tile: 32, ...spec, output, block: 16 }, { backend });
  return { result, levels: await readLevels(output) };
}

for (const golden of goldens.cases) {
  const { file, dtype } = golden;
  const image = join(fixtures, file);

  test(`${file}: a box by radius, its pyramid and both masks are NumPy's`, async () => {
    for (const codec of ['deflate', 'none'] as const) {
      const { levels } = await filtered({ image, operations: [box(3)], compression: { codec } });
      assertSamples(levels[0]!.samples, samplesOf(dtype, golden.radius3));
      assert.deepEqual([...levels[1]!.samples], bytesOf(golden.mask));
      assertSamples(levels[2]!.samples, samplesOf(dtype, golden.overview));
      assert.deepEqual([...levels[3]!.samples], bytesOf(golden.overviewMask));
      assert.equal(levels.length, 6);
    }
  });

  test(`${file}: a box by map and a chain are NumPy's, whatever the tiles and the backend`, async () => {
    const map = join(folder, 'map.tif');
    const radii = samplesOf('uint8', golden.radii);
    writeTiff(map, { rect: { x: 0, y: 0, ...size }, dtype: 'uint8', channels: 1, stride: size.width, samples: radii });
    const chain = [box(2), box(1)];
    const crcs = new Set<string>();
    for (const [tile, backend] of [
      [16, 'wasm'],
      [48, 'wasm'],
      [32, 'reference'],
    ] as const) {
      const byMap = await filtered({ image, map, operations: [{ name: 'box' }], tile }, backend);
      assertSamples(byMap.levels[0]!.samples, samplesOf(dtype, golden.byMap));
      const chained = await filtered({ image, operations: chain, tile }, backend);
      assertSamples(chained.levels[0]!.samples, samplesOf(dtype, golden.radius2then1), 4e-6);
      assert.deepEqual([...chained.levels[1]!.samples], bytesOf(golden.mask));
      crcs.add(`${byMap.result.crc} ${chained.result.crc}`);
    }
    if (dtype !== 'float32') assert.equal(crcs.size, 1);
  });
}

test('a chain of windows, a scan and a change of size behind a mask is the same for every tile and backend', async () => {
  for (const { file, dtype } of goldens.cases) {
    if (dtype === 'float32') continue;
    const operations: JobSpecInput['operations'] = [
      { name: 'median', params: { footprint: 'disk:2' } },
      { name: 'mean', params: { footprint: 'disk:3' }, border: 'clip' },
      { name: 'row-ema', params: { alpha: 0.4 } },
      { name: 'levels', params: { black: 3 } },
      { name: 'max', params: { footprint: 'rect:4x3' } },
      { name: 'downscale', params: { factor: 2 } },
    ];
    const image = join(fixtures, file);
    const results = new Set<string>();
    for (const [tile, backend] of [
      [16, 'wasm'],
      [48, 'wasm'],
      [32, 'reference'],
    ] as const) {
      const { result, levels } = await filtered({ image, operations, tile }, backend);
      results.add(`${result.crc} ${levels[1]!.samples.join('')}`);
    }
    assert.equal(results.size, 1, file);
  }
});

test('an ignored mask is neither used nor written', async () => {
  const golden = goldens.cases[0]!;
  const image = join(fixtures, golden.file);
  const { levels } = await filtered({ image, operations: [box(3)], mask: 'ignore' });
  assert.equal(levels.length, 3);
  assert.notDeepEqual(levels[0]!.samples, samplesOf(golden.dtype, golden.radius3));
});

test('a change of type keeps masked samples, a change of size masks what covers nothing else', async () => {
  const golden = goldens.cases[0]!;
  const image = join(fixtures, golden.file);
  const mask = samplesOf('uint8', golden.mask);
  const { levels } = await filtered({ image, operations: [box(0)], dtype: 'uint16' });
  const same = await filtered({ image, operations: [box(0)] });
  assert.deepEqual([...levels[0]!.samples], [...same.levels[0]!.samples]);
  const halves = await filtered({ image, operations: [box(3), { name: 'downscale', params: { size: '23x19' } }] });
  const covered = Uint8Array.from({ length: 23 * 19 }, (_, i) => {
    const [x, y] = [i % 23, Math.floor(i / 23)];
    for (let v = Math.floor((y * 37) / 19); v < ((y + 1) * 37) / 19; v++) {
      for (let u = Math.floor((x * 45) / 23); u < ((x + 1) * 45) / 23; u++) if (mask[v * 45 + u] !== 0) return 255;
    }
    return 0;
  });
  assert.ok(covered.includes(0));
  assert.deepEqual([...halves.levels[1]!.samples], [...covered]);
  const threshold = await filtered({ image, operations: [{ name: 'threshold', params: { method: 'otsu' } }] });
  threshold.levels[0]!.samples.forEach((value, i) => {
    if (mask[Math.floor(i / 3)] === 0) assert.equal(value, same.levels[0]!.samples[i]);
    else assert.ok(value === 0 || value === 255);
  });
});

/** The samples of an image with others in its masked pixels. */
function disturbed(image: TileRaster, random: (below: number) => number): TileRaster {
  const samples = image.samples.slice() as typeof image.samples;
  samples.forEach((_, i) => {
    if (image.valid![Math.floor(i / image.channels)] !== 0) return;
    samples[i] = image.dtype === 'float32' && i % 2 === 0 ? Number.NaN : random(256);
  });
  return { ...image, samples };
}

test('what a mask hides changes no pixel beside it, and stays, through every operation', () => {
  OPERATION_TABLE.forEach(({ name, params, byMap, frames }, row) => {
    // A curve is none for labels.
    const forLabels = OPERATIONS[name]!.takesLabels === true && name !== 'lut';
    for (const dtype of forLabels ? DTYPES : FILTERED_DTYPES) {
      const random = noise(row * 3 + dtype.length);
      const channels = (row % 4) + 1;
      const scale = dtype === 'float32' ? 1 / 256 : 1;
      const whole = imageOf({ width: 21, height: 17 }, { dtype, channels }, () => random(256) * scale);
      const valid = Uint8Array.from({ length: 21 * 17 }, (_, i) => (i % 21 < 8 && i > 60 ? 0 : random(3) * 100));
      const image: TileRaster = { ...whole, valid };
      const map = byMap ? Float32Array.from(valid, () => random(3)) : undefined;
      const rounded = name === 'box' && map ? Uint16Array.from(map) : map;
      const border = BORDERS[row % BORDERS.length]!;
      const extras = frames && { flat: whole, dark: emptyRaster(whole.rect, dtype, 1) };
      const written: OperationCase = {
        image,
        name,
        params,
        border,
        ...(rounded && { map: rounded }),
        ...(extras && { extras }),
      };
      // A smaller image has no place for them; a distance or a label is of its own kind, not a sample.
      const inBands = OPERATIONS[name]!.coupling === 'band';
      const keeps = !['downscale', 'distance', 'label'].includes(name);
      const plain = runTiled(written, { width: 64, height: 64 });
      const tiled = runTiled({ ...written, image: disturbed(image, random) }, { width: inBands ? 21 : 8, height: 6 });
      // Samples that are only picked go with their mask, whatever they are.
      if (params.method === 'nearest' || name === 'palette') continue;
      plain.samples.forEach((value, i) => {
        const at = `${name} ${dtype} ${border}: sample ${i}`;
        if (keeps && valid[Math.floor(i / channels)] === 0) {
          assert.equal(value, toSample(plain.dtype, image.samples[i]!), at);
          return;
        }
        assert.ok(!Number.isNaN(value), at);
        // A mask without a pixel is infinitely far.
        if (value === tiled.samples[i]) return;
        assert.ok(
          Math.abs(value - tiled.samples[i]!) <= (dtype === 'float32' ? 1e-5 : 0),
          `${at} is ${tiled.samples[i]}, not ${value}, ${JSON.stringify(params)}`,
        );
      });
    }
  });
});

test('the fast box leaves masked pixels out as the reference does: types, channels, nodata, alpha, borders', () => {
  let row = 0;
  for (const dtype of FILTERED_DTYPES) {
    for (const channels of [1, 2, 3, 4, 5]) {
      for (const kind of ['plain', 'nodata', 'alpha'] as const) {
        const random = noise(++row);
        const whole = imageOf({ width: 33, height: 19 }, { dtype, channels }, () => random(200));
        const valid = Uint8Array.from({ length: 33 * 19 }, (_, i) => (i % 33 < 12 && i > 99 ? 0 : random(3)));
        const written: OperationCase = {
          image: { ...whole, valid },
          name: 'box',
          params: {},
          map: Uint16Array.from(valid, () => random(6)),
          border: BORDERS[row % BORDERS.length]!,
          ...(kind === 'nodata' && { nodata: new Array(channels).fill(7) }),
          ...(kind === 'alpha' && channels > 1 && { alpha: 'unassociated' as const }),
        };
        const expected = runTiled(written, { width: 11, height: 7 });
        assertSamples(runTiled(written, { width: 11, height: 7 }, BACKENDS.wasm!.box!).samples, expected.samples);
      }
    }
  }
});

test('a mask of bytes counts every value but 0', async () => {
  const path = join(folder, 'bytes.tif');
  const mask = imageOf({ width: 20, height: 9 }, { dtype: 'uint8', channels: 1 }, (x, y) => (x * y) % 3);
  writeTiff(path, mask, { deflate: true }, { tags: [{ tag: TAG.newSubfileType, type: 4, values: [4] }] });
  const source = openTiffSource(path, { directory: 0 });
  assert.equal(source.layout.stored, undefined);
  source.close();
  const [read] = await readLevels(path);
  assert.deepEqual(read!.samples, mask.samples);
});

/** A fixture with one field of its mask's directory, or the first block of the mask, overwritten. */
function damagedFixture(name: string, what: { readonly tag: number; readonly value: number } | 'block'): string {
  const from = join(fixtures, name);
  const bytes = readFileSync(from);
  const file = new FileBytes(from);
  const directory = parseHeader(file).directories[1]!;
  if (what === 'block') {
    const tiled = directory.has(TAG.tileOffsets);
    const offset = directory.integers(tiled ? TAG.tileOffsets : TAG.stripOffsets, 1 << 16)[0]!;
    bytes.fill(0xee, offset, offset + 8);
  } else bytes.writeUInt16LE(what.value, directory.entry(what.tag)!.offset);
  file.close();
  const path = join(folder, `damaged-${name}`);
  writeFileSync(path, bytes);
  return path;
}

test('a damaged mask, one of another size and one of another depth are bad input', async () => {
  const fails = (image: string, message: RegExp) =>
    assert.rejects(filtered({ image, operations: [box(1)] }), (error: unknown) => {
      assert.ok(error instanceof HalotileError);
      assert.equal(error.tag, 'bad-input');
      assert.match(error.message, message);
      return true;
    });
  await fails(damagedFixture('tiles.tif', 'block'), /block 0 cannot be decoded as deflate/);
  await fails(damagedFixture('zstd.tif', { tag: TAG.imageWidth, value: 44 }), /mask in image directory 1 is 44×37/);
  await fails(damagedFixture('tiles.tif', { tag: TAG.bitsPerSample, value: 4 }), /a mask of 1 channels of 4 bits/);
  const ignored = damagedFixture('tiles.tif', 'block');
  await filtered({ image: ignored, operations: [box(1)], mask: 'ignore' });
});
