import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageOf } from '../conformance/box-tiles.js';
import { NO_PROC, ticksOf, until } from '../support/kernel-processes.js';
import { startHalotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();

test('a command that is told to stop ends within --grace, whatever its tiles do', { skip: NO_PROC }, async () => {
  const size = { width: 800, height: 600 };
  const image = join(folder, 'image.tif');
  const map = join(folder, 'map.tif');
  const output = join(folder, 'out.tif');
  writeTiff(
    image,
    imageOf(size, { dtype: 'uint8', channels: 1 }, (x, y) => (x + y) % 251),
  );
  writeTiff(
    map,
    imageOf(size, { dtype: 'uint8', channels: 1 }, () => 80),
  );
  // One tile of windows of 641 pixels by direct sums: minutes.
  const { child, ended } = startHalotile(
    ...['process', image, '--map', map, '-o', output, '--op', 'gaussian:quality=exact'],
    ...['--threads', '1', '--grace', '1'],
  );
  await until(() => existsSync(`${output}.partial`) || undefined);
  const ticks = ticksOf(child.pid!);
  await until(() => ticksOf(child.pid!) > ticks + 100 || undefined);
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /the tiles under way did not end within --grace \(1 s\)/);
  assert.ok(!existsSync(output));
});
