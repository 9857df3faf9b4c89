import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeRecord } from '../../tiling/stitch/record-log.js';
import { fails, makeFrames, outputs, PaletteBench, sprite, writeFrame } from '../support/palette-bench.js';

const bench = new PaletteBench();
const { folder } = bench;
const run = (input: Parameters<PaletteBench['run']>[0]) => bench.run(input);
const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

let frames = '';
let whole = '';
before(async () => {
  frames = makeFrames(join(folder, 'frames'), { knight: 40, slime: 7 });
  whole = join(folder, 'whole');
  await run({ frames: [frames], output: whole });
});

test('a second run does nothing; a new, changed or removed frame redoes its character only', async () => {
  const input = join(folder, 'growing');
  const output = join(folder, 'growing-out');
  cpSync(frames, input, { recursive: true });
  await run({ frames: [input], output });
  const times = () => ['knight/001.png', 'slime/001.png'].map((name) => statSync(join(output, name)).mtimeMs);
  const first = times();
  const second = await run({ frames: [input], output });
  assert.deepEqual([second.characters.reused, second.frames.reused, second.bytes.read], [2, 47, 0]);
  assert.deepEqual(times(), first);

  // The same content with another time is no change.
  writeFileSync(join(input, 'slime/002.png'), readFileSync(join(input, 'slime/002.png')));
  assert.equal((await run({ frames: [input], output })).characters.reused, 2);

  writeFrame(join(input, 'slime/900.png'), sprite(40, 60, 9, [0xff00ff]));
  assert.equal((await run({ frames: [input], output })).characters.reused, 1);
  assert.ok(outputs(output).has('slime/900.png'));
  writeFrame(join(input, 'slime/900.png'), sprite(40, 60, 3, [0x00ffff]));
  assert.equal((await run({ frames: [input], output })).characters.reused, 1);
  rmSync(join(input, 'slime/900.png'));
  assert.equal((await run({ frames: [input], output })).characters.reused, 1);
  assert.deepEqual(outputs(output), outputs(whole));

  // An output that was removed comes back without anything else being written.
  const [knight] = times();
  rmSync(join(output, 'slime/004.png'));
  assert.equal((await run({ frames: [input], output })).frames.reused, 46);
  assert.deepEqual(outputs(output), outputs(whole));
  assert.equal(times()[0], knight);

  const other = await run({ frames: [input], output, palette: { colors: 3 } });
  assert.equal(other.characters.reused, 0);
});

test('killed at any place and run again, the files are the same', async () => {
  const args = ['palette', frames, '--size', '16x24', '--threads', '2', '--json', '--spill'];
  for (const { spill, until } of [
    { spill: '100', until: ['slime/003.png'] },
    { spill: '100', until: ['.halotile/knight/epoch-000001/ledger'] },
    { spill: '0', until: ['knight/palette.json', '.halotile/knight/epoch-000001/ledger'] },
  ]) {
    const output = mkdtempSync(join(folder, 'killed-'));
    const child = spawn(process.execPath, [cli, ...args, spill, '-o', output], { stdio: 'ignore' });
    await killOnce(child, () => until.some((name) => statSync(join(output, name), { throwIfNoEntry: false })));
    const resumed = spawnSync(process.execPath, [cli, ...args, spill, '-o', output], { encoding: 'utf8' });
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.deepEqual(outputs(output), outputs(whole));
  }
});

test('what was counted before a death is read from spill files, and damage there is noticed', async () => {
  const output = join(folder, 'spilled');
  await run({ frames: [frames], output });
  const state = join(output, '.halotile/knight');
  const path = join(state, 'epoch-000001/ledger');
  const ledger = readFileSync(path, 'utf8').split('\n');
  const counted = ledger.filter((line) => /"type":"(adopt|begin|frame)"/.test(line));
  // As if the process had died after counting, with its spill files gone or foreign.
  writeFileSync(path, `${counted.join('\n')}\n`);
  const name = /"spilled":\["([^"]+)"/.exec(counted[2]!)![1]!;
  mkdirSync(join(state, 'spill'), { recursive: true });
  writeFileSync(join(state, 'spill', name), Buffer.alloc(100_000, 7));
  const resumed = await run({ frames: [frames], output });
  assert.equal(resumed.characters.reused, 1);
  assert.deepEqual(outputs(output), outputs(whole));
});

test('a ledger that says what no run has written leads nowhere, and costs the run that it was of', async () => {
  const SAMPLE = { frame: 'a', before: 'AAAA', after: 'AAAA' };
  const forged: Record<string, object> = {
    'an output elsewhere': {
      type: 'written',
      name: 'gone.png',
      file: '../../precious.png',
      bytes: 8,
      fit: null,
      sample: null,
    },
    'an absolute output': {
      type: 'written',
      name: 'gone.png',
      file: join(folder, 'precious.png'),
      bytes: 8,
      fit: null,
      sample: null,
    },
    'an output of no frame': { type: 'written', name: '000.png', file: 'notes.txt', bytes: 8, fit: null, sample: null },
    'a sample that is none': {
      type: 'written',
      name: '000.png',
      file: '000.png',
      bytes: 1,
      fit: null,
      sample: [SAMPLE],
    },
    'a palette of nothing': { type: 'palette', palette: { colors: [] } },
    'an end without a summary': { type: 'done', summary: { written: 7 } },
    'a spill file elsewhere': {
      type: 'frame',
      name: '000.png',
      print: [['1', '2', '3'], null],
      hash: '',
      source: '1×1',
      spilled: ['../../x', 0, 1, 1, 0],
    },
    'another kind': { type: 'rename', from: 'a', to: 'b' },
  };
  const precious = join(folder, 'precious.png');
  writeFileSync(precious, 'precious');
  for (const [what, record] of Object.entries(forged)) {
    const output = mkdtempSync(join(folder, 'forged-'));
    cpSync(whole, output, { recursive: true });
    writeFileSync(join(output, 'slime/notes.txt'), 'notes');
    appendFileSync(join(output, '.halotile/slime/epoch-000001/ledger'), encodeRecord(record));
    const result = await run({ frames: [frames], output });
    assert.equal(result.characters.reused, 1, what);
    assert.equal(readFileSync(precious, 'utf8'), 'precious', what);
    assert.equal(readFileSync(join(output, 'slime/notes.txt'), 'utf8'), 'notes', what);
    rmSync(join(output, 'slime/notes.txt'));
    assert.deepEqual(outputs(output), outputs(whole), what);
    assert.deepEqual(readdirSync(join(output, '.halotile/slime')), ['epoch-000002'], what);
  }
});

test('what a run appends to the ledger of a character that a later run has adopted does not exist', async () => {
  const output = join(folder, 'fenced');
  cpSync(whole, output, { recursive: true });
  const state = join(output, '.halotile/slime');
  rmSync(join(output, 'slime/003.png'));
  assert.equal((await run({ frames: [frames], output })).characters.reused, 1);
  assert.deepEqual(outputs(output), outputs(whole));
  // The first run was only thought dead, and goes on with other options.
  const late = join(state, 'epoch-000001/ledger');
  appendFileSync(late, encodeRecord({ type: 'begin', digest: '0'.repeat(64) }));
  assert.equal((await run({ frames: [frames], output })).characters.reused, 2);
});

test('what an earlier release left is refused until --restart discards it', async () => {
  const output = join(folder, 'earlier');
  cpSync(whole, output, { recursive: true });
  const state = join(output, '.halotile/slime');
  renameSync(join(state, 'epoch-000001/ledger'), join(state, 'ledger'));
  await assert.rejects(run({ frames: [frames], output }), fails(/slime\/ledger: .*--restart/, 'partial-conflict'));
  const restarted = await bench.run({ frames: [frames], output }, { restart: 'any' });
  assert.equal(restarted.characters.reused, 0);
  assert.deepEqual(outputs(output), outputs(whole));
});

/** Kills a process as soon as something is so, or it ended by itself. */
async function killOnce(child: ChildProcess, condition: () => unknown): Promise<void> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  while (child.exitCode === null && child.signalCode === null && !condition()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  child.kill('SIGKILL');
  await exited;
}
