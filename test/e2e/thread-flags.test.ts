import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startScript } from '../support/run-halotile.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

test('every pool starts its threads with the flags that let them be ended while they load', () => {
  const pools = ['worker', 'coordinator', 'cli'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file))
      .filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('new Piscina')),
  );
  assert.ok(pools.length > 0);
  for (const file of pools) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    assert.equal(text.split('execArgv: THREAD_FLAGS').length, text.split('new Piscina').length, file);
  }
});

test('a pool may be closed while its threads load', async () => {
  const { code, stderr } = await startScript(new URL('../support/pool-openings.js', import.meta.url), ['30']).ended;
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});
