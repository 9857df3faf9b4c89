import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { runDataset } from '../../coordinator/index.js';
import { datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { ThreadPoolExecutor } from '../../worker/index.js';
import { realImage } from '../unit/reading-fixtures.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const sprites = realImage('sprites');
const recipe = join(root, 'test/fixtures/palette/recipe.py');
const python = process.env.HALOTILE_PYTHON ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'halotile-recipe-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const SIZE = { width: 32, height: 45 };
const CELL = 64;
const LARGE = { width: 640, height: 900 };

/** Frames of a sheet that hold something, scaled up to 640×900. */
async function cutSheet(sheet: string, into: string, { first, count }: { first: number; count: number }) {
  const { data, info } = await sharp(sheet).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  mkdirSync(into, { recursive: true });
  const across = info.width / CELL;
  for (let cell = first, done = 0; done < count; cell++) {
    const left = (cell % across) * CELL;
    const top = Math.floor(cell / across) * CELL;
    const rows = Array.from({ length: CELL }, (_, y) => ((top + y) * info.width + left) * 4);
    const pixels = Buffer.concat(rows.map((at) => data.subarray(at, at + CELL * 4)));
    if (pixels.every((value) => value === 0)) continue;
    const png = encodeRgbaPng(scaleNearestRgba(pixels, { width: CELL, height: CELL }, LARGE), LARGE);
    writeFileSync(join(into, `${String(done++).padStart(3, '0')}.png`), png);
  }
}

function skipReason(): string | undefined {
  if (sprites === undefined) return 'no sprite sheets beside the repository';
  const { status } = spawnSync(python, ['-c', 'import numpy, scipy, skimage, sklearn'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'no Python with scikit-learn, scikit-image and SciPy (HALOTILE_PYTHON names one)';
}

const skip = skipReason();

test('sprites: bandwidth, palette and every written pixel are those of the NumPy recipe', { skip }, async () => {
  const frames = join(folder, 'frames');
  await cutSheet(join(sprites!, 'orc.png'), join(frames, 'orc'), { first: 0, count: 12 });
  await cutSheet(join(sprites!, 'light.png'), join(frames, 'light'), { first: 40, count: 12 });
  const machine = { threads: 2, memoryBytes: 512 * 2 ** 20 };
  const executor = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: `recipe-${process.pid}` });
  try {
    for (const quantile of [0.3, 0.1]) {
      const output = join(folder, `out-${quantile}`);
      const job = datasetSpecSchema.parse({ frames: [frames], output, size: SIZE, palette: { quantile } });
      await runDataset({ job, executor, machine, nowSeconds: () => 0 });
      for (const character of readdirSync(frames))
        await compare(join(frames, character), join(output, character), quantile);
    }
  } finally {
    await executor.close();
  }
});

async function compare(frames: string, output: string, quantile: number): Promise<void> {
  const raw = join(folder, 'recipe.rgba');
  const args = [recipe, frames, `${SIZE.width}`, `${SIZE.height}`, `${quantile}`, raw];
  const { stdout, status, stderr } = spawnSync(python, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const expected = JSON.parse(stdout) as { bandwidth: number; centres: number[][] };
  const found = JSON.parse(readFileSync(join(output, 'palette.json'), 'utf8'));
  assert.ok(Math.abs(found.bandwidth - expected.bandwidth) <= 1e-6, `${found.bandwidth} ${expected.bandwidth}`);
  const bytes = new Set(expected.centres.map((centre) => centre.map(Math.floor).join()));
  assert.deepEqual(
    found.colors.map(({ rgb }: { rgb: number[] }) => rgb.join()),
    [...bytes],
  );
  const pixels = readFileSync(raw);
  const frameBytes = SIZE.width * SIZE.height * 4;
  for (const [index, name] of readdirSync(frames).sort().entries()) {
    const written = await sharp(join(output, name)).ensureAlpha().raw().toBuffer();
    const wanted = pixels.subarray(index * frameBytes, (index + 1) * frameBytes);
    assert.ok(written.equals(wanted), `${output}/${name} at quantile ${quantile}`);
  }
}
