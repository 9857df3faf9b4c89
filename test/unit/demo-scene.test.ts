import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { layOutRawTiff } from '../../cli/demo/raw-tiff.js';
import { makeDemoScene } from '../../cli/demo/scene.js';
import { createPainter } from '../../cli/demo/scene-painter.js';
import { HalotileError } from '../../tiling/errors.js';

const SIZE = { width: 700, height: 530 };

function inTempDir(name: string, run: (directory: string) => Promise<void>): void {
  test(name, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'halotile-scene-'));
    try {
      await run(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

test('a pixel of the scene does not depend on the rect it was painted in', () => {
  const scene = { size: SIZE, seed: 3, maxRadius: 64 };
  const paint = createPainter(scene, 256 * 256);
  const whole = paint({ x: 0, y: 0, width: 256, height: 256 });
  const image = Buffer.from(whole.image);
  const map = Buffer.from(whole.map);
  for (const rect of [
    { x: 128, y: 100, width: 64, height: 31 },
    { x: 4, y: 255, width: 252, height: 1 },
  ]) {
    const part = paint(rect);
    for (let row = 0; row < rect.height; row++) {
      const from = (rect.y + row) * 256 + rect.x;
      const width = rect.width;
      const rgb = part.image.subarray(row * width * 3, (row + 1) * width * 3);
      assert.ok(image.subarray(from * 3, (from + width) * 3).equals(rgb));
      assert.ok(map.subarray(from, from + width).equals(part.map.subarray(row * width, (row + 1) * width)));
    }
  }
});

inTempDir('the scene is the same for one thread and two, another for another seed', async (directory) => {
  const make = (name: string, seed: number, threads: number) =>
    makeDemoScene({ directory: join(directory, name), size: SIZE, seed, threads });
  const [one, two, other] = [await make('one', 1, 1), await make('two', 1, 2), await make('other', 2, 2)];
  assert.equal(digest(one.image), digest(two.image));
  assert.equal(digest(one.map), digest(two.map));
  assert.notEqual(digest(one.image), digest(other.image));
});

inTempDir('both files open in libvips, and the map reaches from 0 to its largest radius', async (directory) => {
  const progress: number[] = [];
  const { image, map } = await makeDemoScene({
    directory,
    size: SIZE,
    seed: 1,
    threads: 2,
    maxRadius: 64,
    onProgress: (done, total) => progress.push(done / total),
  });
  const picture = await sharp(image).metadata();
  assert.deepEqual([picture.width, picture.height, picture.channels], [700, 530, 3]);
  const stats = await sharp(map).stats();
  assert.deepEqual([stats.channels.length, stats.channels[0]?.min, stats.channels[0]?.max], [1, 0, 64]);
  assert.ok((await sharp(image).stats()).channels.every(({ stdev }) => stdev > 30));
  assert.equal(progress.at(-1), 1);
  assert.equal(progress.length, 4);
});

inTempDir('complete files are reused, cut or foreign ones are made anew', async (directory) => {
  const options = { directory, size: SIZE, seed: 1, threads: 1 };
  const first = await makeDemoScene(options);
  const before = digest(first.image);
  assert.equal(first.reused, false);
  const inode = statSync(first.image).ino;
  assert.equal((await makeDemoScene(options)).reused, true);
  assert.equal(statSync(first.image).ino, inode);
  truncateSync(first.image, 100_000);
  assert.equal((await makeDemoScene(options)).reused, false);
  assert.equal(digest(first.image), before);
  assert.equal((await makeDemoScene({ ...options, seed: 9 })).reused, false);
  assert.deepEqual(readdirSync(directory).sort(), ['distance.tif', 'scene.tif']);
});

inTempDir('a place that cannot be written fails in one sentence and leaves nothing', async (directory) => {
  writeFileSync(join(directory, 'scene.tif'), '');
  await assert.rejects(
    makeDemoScene({ directory: join(directory, 'scene.tif'), size: { width: 8, height: 8 }, seed: 1, threads: 1 }),
    (error) => error instanceof HalotileError && error.tag === 'output-failed' && error.message.includes(directory),
  );
  assert.deepEqual(readdirSync(directory), ['scene.tif']);
});

test('sizes, seeds and radii out of range are refused', async () => {
  const good = { directory: 'unused', size: SIZE, seed: 1, threads: 1 };
  for (const bad of [{ size: { width: 0, height: 5 } }, { seed: -1 }, { maxRadius: 256 }]) {
    await assert.rejects(
      makeDemoScene({ ...good, ...bad }),
      (e) => e instanceof HalotileError && e.tag === 'bad-usage',
    );
  }
});

test('offsets beyond 4 GiB are whole', () => {
  const { header, fileBytes, tileBytes } = layOutRawTiff({ width: 60000, height: 60000 }, 3, 'x');
  const view = new DataView(header.buffer);
  const entry = 24 + 10 * 20;
  assert.equal(view.getUint16(entry, true), 324);
  const count = view.getUint32(entry + 4, true);
  const last = Number(view.getBigUint64(Number(view.getBigUint64(entry + 12, true)) + (count - 1) * 8, true));
  assert.equal(last + tileBytes, fileBytes);
  assert.ok(last > 2 ** 33);
});
