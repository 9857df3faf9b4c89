import assert from 'node:assert/strict';
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { refusals } from '../support/refusal.js';
import { writeTiff } from '../support/tiff-file.js';
import { tinyDisk } from '../support/tiny-disk.js';

const { folder, refused } = refusals();

const DISK_BYTES = 3 << 20;
const disk = tinyDisk(DISK_BYTES);

test('a full disk fails with 1, leaves the output as it was, and the job goes on once there is room', {
  skip: disk === undefined && 'no right to mount a small file system',
}, async (t) => {
  const target = join(disk!, 'out.tif');
  const filler = join(disk!, 'filler');
  // Noise, which no codec makes smaller.
  const next = noise(3);
  const noisy = join(folder, 'noisy.tif');
  const size = { width: 800, height: 700 };
  writeTiff(
    noisy,
    imageOf(size, { dtype: 'uint8', channels: 3 }, () => next(256)),
  );
  const still = join(folder, 'still.tif');
  writeTiff(
    still,
    imageOf(size, { dtype: 'uint8', channels: 1 }, () => 0),
  );
  const args = ['blur', noisy, '--map', still, '-o', target, '--block', '128', '--tile', '128'];
  const reset = () => {
    for (const name of readdirSync(disk!)) rmSync(join(disk!, name), { recursive: true });
    writeFileSync(target, 'the output of before');
  };

  await t.test('found before any work', async () => {
    reset();
    writeFileSync(filler, new Uint8Array(DISK_BYTES / 2));
    const { stderr } = await refused(1, ...args);
    assert.match(stderr, /needs about \d+ MiB and \d+ MiB are free/);
    assert.deepEqual(readdirSync(disk!).sort(), ['filler', 'out.tif']);
  });

  // Part files and the file together take nearly twice the pixels: the disk fills up during assembly.
  await t.test('during assembly', async () => {
    reset();
    const { stderr } = await refused(1, ...args);
    assert.match(stderr, /the disk is full; make room, then run the same command again/);
    assert.equal(readFileSync(target, 'utf8'), 'the output of before');
    assert.ok(existsSync(`${target}.partial`));
  });

  await t.test('while tiles are written', async () => {
    reset();
    const spec: JobSpecInput = {
      image: noisy,
      map: still,
      output: target,
      operations: [{ name: 'box' }],
      block: 128,
      tile: 128,
    };
    let filled = false;
    const onProgress = ({ tilesDone }: { tilesDone: number }) => {
      if (tilesDone < 5 || filled) return;
      filled = true;
      fill(filler);
    };
    await assert.rejects(runEngine(spec, { onProgress }), { tag: 'output-failed', message: /the disk is full/ });
    assert.equal(readFileSync(target, 'utf8'), 'the output of before');
    rmSync(filler);
    // A larger disk, with all that was committed.
    const larger = join(folder, 'larger');
    cpSync(disk!, larger, { recursive: true });
    const result = await runEngine({ ...spec, output: join(larger, 'out.tif') });
    assert.ok(result.tiles.resumed >= 5);
    const expected = await runEngine({ ...spec, output: join(folder, 'undisturbed.tif') });
    assert.equal(result.crc, expected.crc);
    assert.ok(readFileSync(join(larger, 'out.tif')).equals(readFileSync(join(folder, 'undisturbed.tif'))));
  });
});

/** Writes a file until there is no room left. */
function fill(path: string): void {
  const piece = new Uint8Array(4096);
  try {
    for (;;) appendFileSync(path, piece);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}
