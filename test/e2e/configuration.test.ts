import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../support/scratch-folder.js';

const CLI = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

interface Call {
  readonly args: readonly string[];
  readonly yaml?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

interface FlagValue {
  readonly flag: string;
  readonly value: unknown;
  readonly from: string;
}

/** Runs `halotile` in a folder of its own, with nothing set but what is given. */
function call({ args, yaml, variables }: Call): { status: number | null; stdout: string; stderr: string } {
  const folder = scratchFolder();
  if (yaml !== undefined) writeFileSync(join(folder, 'halotile.yaml'), yaml);
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('HALOTILE_'));
  const env = { ...Object.fromEntries(others), ...variables };
  return spawnSync(process.execPath, [CLI, ...args], { cwd: folder, env, encoding: 'utf8' });
}

/** What `halotile config` says of the flags of a command. */
function configured(name: string, { args, ...given }: Call): Map<string, readonly [unknown, string]> {
  const { status, stdout, stderr } = call({ args: ['config', '--json', name, ...args], ...given });
  assert.equal(status, 0, stderr);
  const { commands } = JSON.parse(stdout) as { commands: Record<string, FlagValue[]> };
  return new Map(commands[name]!.map(({ flag, value, from }) => [flag, [value, from]]));
}

test('flags count before the environment, that before the file, that before defaults; config says which', () => {
  const flags = configured('serve', {
    args: ['--jobs', '3'],
    variables: {
      HALOTILE_JOBS: '4',
      HALOTILE_THREADS: '5',
      HALOTILE_ROOT: 'a=/srv/a,b=/srv/b',
      HALOTILE_DURABLE: 'no',
    },
    yaml: 'jobs: 6\nthreads: 7\nmemory: 100\nserve:\n  memory: 200\n  insecure: true\n  root: { c: /srv/c }\n',
  });
  const expected = {
    '--jobs': [3, 'command line'],
    '--threads': [5, 'HALOTILE_THREADS'],
    '--root': [['a=/srv/a', 'b=/srv/b'], 'HALOTILE_ROOT'],
    '--durable': [undefined, 'HALOTILE_DURABLE'],
    '--memory': [200, 'halotile.yaml: serve.memory'],
    '--insecure': [true, 'halotile.yaml: serve.insecure'],
    '--listen': ['127.0.0.1:7070', 'default'],
  };
  for (const [flag, value] of Object.entries(expected)) assert.deepEqual(flags.get(flag), value, flag);
});

test('a repeated flag replaces what environment and file have for it, and adds to itself', () => {
  const flags = configured('worker', {
    args: ['--root', 'x=/x', '--root', 'y=/y'],
    variables: { HALOTILE_ROOT: 'a=/srv/a' },
    yaml: 'worker:\n  coordinator: [one:7070, two:7070]\n',
  });
  assert.deepEqual(flags.get('--root'), [['x=/x', 'y=/y'], 'command line']);
  assert.deepEqual(flags.get('--coordinator'), [['one:7070', 'two:7070'], 'halotile.yaml: worker.coordinator']);
});

test('a job runs by what environment and file say alone', () => {
  const folder = scratchFolder();
  const { stderr } = call({ args: ['demo', '--size', '200', '--quiet'], variables: { HALOTILE_DIRECTORY: folder } });
  assert.equal(stderr, '');
  const made = call({
    args: ['process', join(folder, 'scene.tif'), '--json'],
    variables: { HALOTILE_OUTPUT: join(folder, 'out.tif'), HALOTILE_OVERVIEWS: 'false' },
    yaml: 'op: ["box:radius=2,border=reflect", "threshold:value=100"]\n',
  });
  assert.equal(made.status, 0, made.stderr);
  const plain = call({
    args: [
      ...['process', join(folder, 'scene.tif'), '-o', join(folder, 'plain.tif'), '--json', '--no-overviews'],
      ...['--op', 'box:radius=2,border=reflect', '--op', 'threshold:value=100'],
    ],
  });
  const [one, other] = [made, plain].map(({ stdout }) => JSON.parse(stdout) as { crc: string; levels: number });
  assert.equal(one!.crc, other!.crc);
});

for (const [name, given, message] of [
  [
    'a variable that is no number',
    { args: ['serve'], variables: { HALOTILE_THREADS: 'many' } },
    /^halotile: HALOTILE_THREADS: 'many' for --threads <N>: Not a number\.\n$/,
  ],
  [
    'a value that is none of the choices',
    { args: ['serve'], yaml: 'log-format: xml\n' },
    /^halotile: halotile\.yaml: log-format: 'xml' for --log-format <which>: Allowed choices are text, json\.\n$/,
  ],
  [
    'a flag that the command does not have',
    { args: ['serve'], yaml: 'serve:\n  listn: 1\n' },
    /^halotile: halotile\.yaml: serve\.listn: serve has no flag --listn; halotile serve --help lists them\n$/,
  ],
  [
    'a word where true or false is expected',
    { args: ['serve'], variables: { HALOTILE_INSECURE: 'perhaps' } },
    /^halotile: HALOTILE_INSECURE: 'perhaps' for --insecure; expected true or false\n$/,
  ],
  [
    'a named file that is not there',
    { args: ['serve'], variables: { HALOTILE_CONFIG: 'gone.yaml' } },
    /^halotile: gone\.yaml: the configuration cannot be read: [^\n]*ENOENT[^\n]*HALOTILE_CONFIG names it\n$/,
  ],
] as const) {
  test(`${name} is refused by name before any work`, () => {
    const { status, stderr } = call(given);
    assert.match(stderr, message);
    assert.equal(status, 2);
  });
}

test('what no flag is named after is said, and passwords in addresses are not', () => {
  const folder = scratchFolder();
  mkdirSync(join(folder, 'empty'));
  const { stdout } = call({
    args: ['config'],
    variables: { HALOTILE_THREDS: '4', HALOTILE_COORDINATOR: 'http://user:secret@host:7070' },
    yaml: 'quiett: true\n',
  });
  assert.match(stdout, /^no flag is named so: HALOTILE_THREDS$/m);
  assert.match(stdout, /^no flag is named so: halotile\.yaml: quiett$/m);
  assert.match(stdout, /http:\/\/user:\*\*\*@host:7070/);
  assert.doesNotMatch(stdout, /secret/);
});
