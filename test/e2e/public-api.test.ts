import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

test('the public names are those of the snapshot; npm run update:api changes them on purpose', () => {
  const now = execFileSync(process.execPath, [join(ROOT, 'scripts/public-api.js')], { encoding: 'utf8' });
  const promised = readFileSync(join(ROOT, 'test/fixtures/public-api.txt'), 'utf8');
  assert.deepEqual(now.split('\n'), promised.split('\n'));
});

test('the package imports by its own name', async () => {
  const own: string = 'halotile';
  const { HalotileError } = await import(own);
  assert.equal(typeof HalotileError, 'function');
});
