import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Exit code and the faults reported for a tree of files. */
function check(files: Readonly<Record<string, string>>): { status: number | null; faults: string[] } {
  const root = mkdtempSync(join(tmpdir(), 'halotile-imports-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const { status, stderr } = run(root);
    return { status, faults: stderr.split('\n').filter((line) => line !== '') };
  } finally {
    rmSync(root, { recursive: true });
  }
}

function run(root: string) {
  return spawnSync(process.execPath, [join(ROOT, 'scripts/check-imports.js'), root], { encoding: 'utf8' });
}

test('this repository keeps its import directions', () => {
  const { status, stderr } = run(ROOT);
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('every import against the direction is named with file and line', () => {
  const { status, faults } = check({
    'tiling/a.ts': "import { b } from '../worker/b.js';\nimport { Piscina } from 'piscina';\n",
    'tiling/g.ts': "import {\n  credentials,\n} from '@grpc/grpc-js';\n",
    'worker/b.ts': "\nexport { c } from '../coordinator/c.js';\n",
    'coordinator/c.ts': "const d = await import('../worker/d.js');\nexport const c = d;\n",
    'worker/d.ts': "export const entry = new URL('../cli/e.js', import.meta.url);\n",
    'cli/e.ts': "import type { T } from '../test/t.js';\nimport '../worker/d.js';\n",
    'test/t.ts': "import '../cli/e.js';\nexport type T = 1;\n",
  });
  assert.equal(status, 1);
  assert.deepEqual(
    faults.filter((fault) => !fault.includes('circular')),
    [
      'cli/e.ts:1: only tests import test/ (../test/t.js)',
      'coordinator/c.ts:1: coordinator/ must not import worker/ (../worker/d.js)',
      'tiling/a.ts:1: tiling/ must not import worker/ (../worker/b.js)',
      'tiling/a.ts:2: tiling/ must not import piscina',
      'tiling/g.ts:3: tiling/ must not import @grpc/grpc-js',
      'worker/b.ts:2: worker/ must not import coordinator/ (../coordinator/c.js)',
      'worker/d.ts:1: worker/ must not import cli/ (../cli/e.js)',
    ],
  );
});

test('environment and clock are found in code, not in comments or strings', () => {
  const { faults } = check({
    'tiling/a.ts':
      "// process.env\nexport const a = 'Date.now';\n/* performance.now() */ export const b = Date.now();\n",
    'worker/main.ts': 'export const a = process.env.HOME;\n',
    'worker/pool.ts': `const quote = /['"\`]/;\nexport const a = \`\${process.env.HOME}\${quote}\`;\n`,
    'cli/start.ts': 'export const a = process.env.HOME;\n',
  });
  assert.deepEqual(faults, [
    'tiling/a.ts:3: tiling/ has no clock; take the time as an argument',
    'worker/pool.ts:2: only cli/ and main.ts files read the environment',
  ]);
});

test('a circle of imports is refused, a thread that its pool names is none', () => {
  const { faults } = check({
    'tiling/a.ts': "import { b } from './b.js';\nexport const a = b;\n",
    'tiling/b.ts': "import { c } from './deep/c.js';\nexport const b = c;\n",
    'tiling/deep/c.ts': "import type { a } from '../a.js';\nexport type C = typeof a;\nexport const c = 1;\n",
    'worker/pool.ts': "export const entry = new URL('thread.js', import.meta.url);\n",
    'worker/thread.ts': "import { entry } from './pool.js';\nexport const e = entry;\n",
  });
  assert.deepEqual(faults, [
    'tiling/a.ts:1: circular import tiling/a.ts → tiling/b.ts → tiling/deep/c.ts → tiling/a.ts',
    'tiling: these folders import each other in a circle: tiling, tiling/deep',
  ]);
});

test('folders that import each other are refused, though no file lies on a circle', () => {
  const { status, faults } = check({
    'worker/near/a.ts': "import { c } from '../far/c.js';\nexport const a = c;\n",
    'worker/far/b.ts': "import { d } from '../near/d.js';\nexport const b = d;\n",
    'worker/far/c.ts': 'export const c = 1;\n',
    'worker/near/d.ts': 'export const d = 1;\n',
    'worker/e.ts': "export { a } from './near/a.js';\n",
  });
  assert.equal(status, 1);
  assert.deepEqual(faults, ['worker/far: these folders import each other in a circle: worker/far, worker/near']);
});

test('a folder of more files than a reader takes in is named', () => {
  const names = Array.from({ length: 26 }, (_, i) => `file-${i}`);
  const tree = (folder: string) => Object.fromEntries(names.map((name) => [`${folder}/${name}.ts`, 'export {};\n']));
  const { status, faults } = check({ ...tree('tiling/full'), ...tree('test/unit') });
  assert.equal(status, 1);
  assert.deepEqual(faults, ['tiling/full: 26 files in one folder, at most 25: put what belongs together in a room']);
});

test('a unit test that starts processes, by itself or by its support, is named', () => {
  const { status, faults } = check({
    'test/unit/a.test.ts': "import { spawn } from 'node:child_process';\n",
    'test/unit/b.test.ts': "import { x } from '../support/x.js';\n",
    'test/unit/c.test.ts': "export const c = 'node:child_process';\n",
    'test/support/x.ts': "export { y as x } from './y.js';\n",
    'test/support/y.ts': "import { spawn } from 'node:child_process';\nexport const y = spawn;\n",
    'test/e2e/d.test.ts': "import { x } from '../support/x.js';\n",
  });
  assert.equal(status, 1);
  assert.deepEqual(faults, [
    'test/unit/a.test.ts: unit tests start no processes, as test/unit/a.test.ts does',
    'test/unit/b.test.ts: unit tests start no processes, as test/support/y.ts does',
  ]);
});
