import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../support/scratch-folder.js';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const folder = scratchFolder();

/** What the check says of the lock file after a change of one package's entry. */
function judged(name: string, change: Readonly<Record<string, unknown>>): string {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'));
  Object.assign(lock.packages[`node_modules/${name}`], change);
  const path = join(folder, 'package-lock.json');
  writeFileSync(path, JSON.stringify(lock));
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(repository, 'scripts/dependencies.js'), '--lock', path],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, stderr === '' ? 0 : 1);
  return stderr;
}

test('the packages that are locked are right', () => {
  assert.equal(judged('zod', {}), '');
});

test('a package without a hash, deprecated, with a script or of an unknown licence is named', () => {
  assert.match(judged('zod', { integrity: undefined }), /^zod [\d.]+: is not locked by a SHA-512/);
  assert.match(judged('zod', { integrity: 'sha1-abc' }), /^zod [\d.]+: is not locked by a SHA-512/);
  assert.match(judged('zod', { resolved: 'https://example.org/zod.tgz' }), /^zod [\d.]+: is locked to a registry/);
  assert.match(judged('zod', { deprecated: 'use zed' }), /^zod [\d.]+: is deprecated \(use zed\)/);
  assert.match(judged('zod', { hasInstallScript: true }), /^zod [\d.]+: has an install script/);
  assert.match(judged('zod', { license: undefined }), /^zod [\d.]+: has no licence/);
  assert.match(judged('zod', { license: 'MIT AND Proprietary' }), /^zod [\d.]+: has the licence MIT AND Proprietary/);
});
