import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const COMMAND = join(ROOT, 'dist/cli/main.js');
const TIMEOUT_MS = 120_000;

interface Example {
  /** Line of the block's first command. */
  readonly line: number;
  readonly script: string;
}

/** The `sh` blocks whose first line is `# tested`. */
function testedExamples(markdown: string): Example[] {
  const block = /^([ \t]*)```sh[ \t]*\n[ \t]*# tested[^\n]*\n([\s\S]*?)^\1```[ \t]*$/gm;
  return [...markdown.matchAll(block)].map(({ index, 2: script = '' }) => ({
    line: markdown.slice(0, index).split('\n').length + 2,
    script,
  }));
}

function pages(): string[] {
  const docs = existsSync(join(ROOT, 'docs')) ? readdirSync(join(ROOT, 'docs')) : [];
  return ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)].filter((page) =>
    existsSync(join(ROOT, page)),
  );
}

/** Runs a block in a directory of its own, where `halotile` is this build. */
function runExample({ script }: Example): { status: number | null; output: string } {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-readme-'));
  try {
    const [bin, work] = [join(directory, 'bin'), join(directory, 'work')];
    mkdirSync(bin);
    mkdirSync(work);
    symlinkSync(COMMAND, join(bin, 'halotile'));
    const { status, stdout, stderr, error } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: work,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
      timeout: TIMEOUT_MS,
    });
    return { status, output: `${stdout}${stderr}${error?.message ?? ''}` };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('only sh blocks marked as tested are examples', () => {
  const text = ['```sh', 'no', '```', '```sh', '# tested', 'yes', '```', '  ```sh', '  # tested', '  two', '  ```', ''];
  assert.deepEqual(testedExamples(text.join('\n')), [
    { line: 6, script: 'yes\n' },
    { line: 10, script: '  two\n' },
  ]);
});

test('the examples of README.md and docs/ run', {
  skip: !existsSync(COMMAND) && 'there is no command yet',
}, async (t) => {
  let ran = 0;
  for (const page of pages()) {
    for (const example of testedExamples(readFileSync(join(ROOT, page), 'utf8'))) {
      await t.test(`${page}:${example.line}`, () => {
        const { status, output } = runExample(example);
        assert.equal(status, 0, output);
      });
      ran++;
    }
  }
  t.diagnostic(`${ran} examples ran`);
});
