import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { missingCommands, quietly } from '../support/installed.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const NO_DENO = missingCommands(['deno', '--version']);
const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const random = noise(4);
const DENO = ['run', '--allow-all', '--node-modules-dir=manual'];

test('Deno runs jobs of this machine, by the command and the library', { skip: NO_DENO }, async () => {
  writeTiff(
    at('in.tif'),
    imageOf({ width: 900, height: 700 }, { dtype: 'uint8', channels: 3 }, () => random(256)),
    { tile: 128 },
  );
  const job = ['process', at('in.tif'), '--op', 'gaussian:sigma=3', '--tile', '256', '--block', '128', '--quiet'];
  const { code, stderr } = await halotile(...job, '-o', at('node.tif'));
  assert.equal(code, 0, stderr);
  const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  quietly('deno', [...DENO, main, ...job, '-o', at('deno.tif')], /.*/);
  assert.deepEqual(readFileSync(at('deno.tif')), readFileSync(at('node.tif')));

  const library = fileURLToPath(new URL('../../index.js', import.meta.url));
  const operations = [{ name: 'gaussian', params: { sigma: 3 } }];
  const spec = { image: at('in.tif'), output: at('library.tif'), operations, tile: 256, block: 128 };
  const script = `import { runJob } from ${JSON.stringify(library)};\nawait runJob(${JSON.stringify(spec)});\n`;
  writeFileSync(at('job.mjs'), script);
  quietly('deno', [...DENO, at('job.mjs')], /.*/);
  assert.deepEqual(readFileSync(at('library.tif')), readFileSync(at('node.tif')));
});
