import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { makeScratchFolder } from '../../tiling/sources/scratch-folder.js';
import { scratchFolder } from '../support/scratch-folder.js';

test('what a dead process left under the name is removed, and nothing else', () => {
  const folder = scratchFolder();
  // No system numbers processes so high.
  const dead = 2 ** 30;
  const names = {
    dead: `plan-${hostname()}-${dead}-abcdef`,
    alive: `plan-${hostname()}-${process.ppid}-abcdef`,
    elsewhere: `plan-another-machine-${dead}-abcdef`,
    other: `frames-${hostname()}-${dead}-abcdef`,
    unknown: `plan-${hostname()}-notes`,
  };
  for (const name of Object.values(names)) mkdirSync(join(folder, name));
  const made = makeScratchFolder(folder, 'plan');
  assert.ok(basename(made).startsWith(`plan-${hostname()}-${process.pid}-`) && existsSync(made));
  for (const [which, name] of Object.entries(names))
    assert.equal(existsSync(join(folder, name)), which !== 'dead', which);
});
