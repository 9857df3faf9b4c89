import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { JobResult } from '../../coordinator/index.js';
import { HalotileError } from '../../tiling/errors.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { partialPaths } from '../../tiling/stitch/partial.js';
import { encodeRecord, readRecords } from '../../tiling/stitch/record-log.js';
import { ThreadPoolExecutor } from '../../worker/index.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { epochsOf, recordedTiles } from '../support/ledger-records.js';
import { type CliResult, halotile, type Started, startHalotile, startScript } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const folder = scratchFolder();
const image = join(folder, 'image.tif');
const map = join(folder, 'map.tif');

/** Enough tiles that a process always dies in the midst of them: 256 of the filter, and overviews. */
const SIZE = { width: 1021, height: 1009 };

before(() => {
  const next = noise(1);
  const pixel = (x: number, y: number) => ((x >> 3) ^ (y >> 2)) * 3 + next(30);
  writeTiff(image, imageOf(SIZE, { dtype: 'uint8', channels: 3 }, pixel), { tile: 128, deflate: true });
  writeTiff(
    map,
    imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x, y) => ((x >> 5) * (y >> 5)) % 30),
  );
});

function jobOf(name: string, codec: 'none' | 'deflate'): JobSpecInput {
  const output = join(folder, `${name}.tif`);
  const operations = [{ name: 'box' }];
  return { image, map, output, operations, mapping: { max: 32 }, tile: 64, block: 32, compression: { codec } };
}

/** What an undisturbed run gives. */
async function undisturbed(codec: 'none' | 'deflate'): Promise<{ bytes: Buffer; result: JobResult }> {
  const spec = jobOf(`whole-${codec}`, codec);
  const result = await runEngine(spec);
  return { bytes: readFileSync(spec.output), result };
}

/** Runs a job until `tiles` are done, then has it interrupted. */
async function stopAfter(spec: JobSpecInput, tiles: number): Promise<void> {
  const interrupt = new AbortController();
  const onProgress = ({ tilesDone }: { tilesDone: number }) => {
    if (tilesDone >= tiles) interrupt.abort();
  };
  await assert.rejects(runEngine(spec, { signal: interrupt.signal, onProgress }), { tag: 'interrupted' });
}

function startJob(spec: JobSpecInput): Started {
  return startScript(new URL('../support/job-process.js', import.meta.url), [JSON.stringify(spec), '2']);
}

/** Calls `act` once the job of a started process has finished `tiles` more tiles than it began with. */
function afterTiles({ child }: Started, tiles: number, act: () => void): void {
  let first: number | undefined;
  let acted = false;
  child.stdout!.on('data', (text: string) => {
    for (const line of text.split('\n').filter((part) => part !== '')) {
      first ??= Number(line);
      if (acted || Number(line) < first + tiles) continue;
      acted = true;
      act();
    }
  });
}

function assertOneSentence({ stderr }: CliResult, ...parts: (string | RegExp)[]): void {
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  for (const part of parts)
    assert.match(stderr, typeof part === 'string' ? new RegExp(part.replace(/[^\w]/g, '\\$&')) : part);
}

for (const codec of ['none', 'deflate'] as const) {
  test(`killed ten times in a row, ${codec}: the same file, and no tile computed twice`, async () => {
    const { bytes, result: whole } = await undisturbed(codec);
    const spec = jobOf(`killed-${codec}`, codec);
    const { directory } = partialPaths(spec.output);
    const next = noise(codec.length);
    for (let kill = 0; kill < 10; kill++) {
      const started = startJob(spec);
      afterTiles(started, next(20), () => started.child.kill('SIGKILL'));
      assert.equal((await started.ended).signal, 'SIGKILL');
      assert.equal(existsSync(spec.output), false);
    }
    let recorded: string[] = [];
    const result = await runEngine(spec, {
      onProgress: ({ tilesDone, tilesTotal }) => {
        if (tilesDone === tilesTotal) recorded = recordedTiles(directory);
      },
    });
    assert.equal(recorded.length, whole.tiles.total);
    assert.equal(new Set(recorded).size, recorded.length);
    assert.equal(result.epoch, 11);
    assert.equal(result.crc, whole.crc);
    assert.ok(readFileSync(spec.output).equals(bytes));
    assert.equal(existsSync(directory), false);
  });

  test(`a death at each moment of the end leaves a job that ends the same way, ${codec}`, async (t) => {
    const { bytes, result: whole } = await undisturbed(codec);
    const spec = jobOf(`end-${codec}`, codec);
    const paths = partialPaths(spec.output);
    const template = join(folder, `end-${codec}-template`);
    await stopAfter(spec, whole.tiles.total);
    renameSync(paths.directory, template);

    const ledger = join(paths.directory, 'epoch-000001', 'ledger');
    const inodeOf = (path: string) => {
      const { dev, ino } = statSync(path, { bigint: true });
      return `${dev}:${ino}`;
    };
    /** The finished file inside the partial directory, and the record that it is about to be published. */
    const announce = () => {
      writeFileSync(paths.image, bytes);
      appendFileSync(ledger, encodeRecord({ type: 'publish', inode: inodeOf(paths.image) }));
    };
    const moments: Readonly<Record<string, () => void>> = {
      'before assembly': () => {},
      'in the midst of assembly': () => {
        if (codec === 'deflate') writeFileSync(paths.image, bytes.subarray(0, bytes.length / 3));
      },
      'before the record of publication was whole': () => {
        announce();
        truncateSync(ledger, statSync(ledger).size - 7);
      },
      'before the rename': announce,
      'after the rename': () => {
        announce();
        renameSync(paths.image, spec.output);
      },
      'in the midst of cleaning up': () => {
        announce();
        renameSync(paths.image, spec.output);
        rmSync(paths.job);
      },
    };
    for (const [moment, arrange] of Object.entries(moments)) {
      await t.test(moment, async () => {
        rmSync(spec.output, { force: true });
        cpSync(template, paths.directory, { recursive: true });
        arrange();
        const inode = existsSync(spec.output) ? inodeOf(spec.output) : undefined;
        const result = await runEngine(spec);
        assert.equal(result.tiles.resumed, moment === 'in the midst of cleaning up' ? 0 : whole.tiles.total);
        assert.equal(result.crc, whole.crc);
        assert.ok(readFileSync(spec.output).equals(bytes));
        assert.equal(existsSync(paths.directory), false);
        if (moment === 'after the rename') assert.equal(inodeOf(spec.output), inode);
      });
    }

    await t.test('another job finds nothing of a directory that was being cleaned up', async () => {
      cpSync(template, paths.directory, { recursive: true });
      announce();
      copyFileSync(paths.image, spec.output);
      rmSync(paths.job);
      const other = { ...spec, mapping: { max: 3 } };
      const expected = await runEngine({ ...other, output: join(folder, 'other.tif') });
      const result = await runEngine(other);
      assert.equal(result.tiles.resumed, 0);
      assert.equal(result.crc, expected.crc);
    });
  });
}

test('a death while the uncompressed file was made does not leave it without its index', async () => {
  const { bytes } = await undisturbed('none');
  const spec = jobOf('half-made', 'none');
  await stopAfter(spec, 0);
  const { image: file } = partialPaths(spec.output);
  for (const size of [0, 10]) {
    truncateSync(file, size);
    await stopAfter(spec, 0);
  }
  truncateSync(file, 0);
  await runEngine(spec);
  assert.ok(readFileSync(spec.output).equals(bytes));
});

test('what a death leaves of a ledger does no harm', async (t) => {
  const { bytes, result: whole } = await undisturbed('deflate');
  const spec = jobOf('ledger', 'deflate');
  const { directory } = partialPaths(spec.output);
  const ledgerOf = (epoch: string) => join(directory, epoch, 'ledger');
  const recordOf = (path: string, index: number) => readRecords(path).records.at(index)!;

  const damages: Readonly<Record<string, () => void>> = {
    'a record that was cut': () => {
      const path = ledgerOf('epoch-000001');
      const cut = encodeRecord({ ...recordOf(path, -1), tileIndex: 250 });
      appendFileSync(path, cut.slice(0, cut.length / 2));
    },
    'a record with a wrong checksum': () => {
      const path = ledgerOf('epoch-000001');
      appendFileSync(path, `00000000 ${JSON.stringify({ ...recordOf(path, -1), tileIndex: 250 })}\n`);
    },
    'an epoch without a ledger': () => mkdirSync(join(directory, 'epoch-000002')),
    'an epoch with an empty ledger': () => {
      mkdirSync(join(directory, 'epoch-000002'));
      writeFileSync(ledgerOf('epoch-000002'), '');
    },
    'an epoch whose first record was cut': () => {
      mkdirSync(join(directory, 'epoch-000002'));
      writeFileSync(ledgerOf('epoch-000002'), encodeRecord({ type: 'adopt', epochs: [] }).slice(0, 20));
    },
  };
  for (const [name, damage] of Object.entries(damages)) {
    await t.test(name, async () => {
      await stopAfter(spec, 100);
      const before = recordedTiles(directory).length;
      damage();
      const result = await runEngine(spec);
      assert.equal(result.tiles.resumed, before);
      assert.equal(result.crc, whole.crc);
      assert.ok(readFileSync(spec.output).equals(bytes));
    });
  }

  await t.test('what an older epoch appends once it was adopted', async () => {
    await stopAfter(spec, 100);
    await stopAfter(spec, 200);
    assert.deepEqual(epochsOf(directory), ['epoch-000001', 'epoch-000002']);
    const done = new Set(recordedTiles(directory));
    const fresh = Array.from({ length: 256 }, (_, tile) => tile).find((tile) => !done.has(`0/${tile}`))!;
    const late = ledgerOf('epoch-000001');
    // The blocks of another tile under the name of one that is not done yet.
    appendFileSync(late, encodeRecord({ ...recordOf(late, 5), tileIndex: fresh }));
    const result = await runEngine(spec);
    assert.equal(result.tiles.resumed, done.size);
    assert.ok(readFileSync(spec.output).equals(bytes));
  });

  await t.test('an adopted ledger that has changed is refused', async () => {
    await stopAfter(spec, 100);
    await stopAfter(spec, 200);
    truncateSync(ledgerOf('epoch-000001'), 50);
    await assert.rejects(runEngine(spec), (error) => error instanceof HalotileError && /--restart/.test(error.message));
    await runEngine(spec, { restart: 'any' });
    assert.ok(readFileSync(spec.output).equals(bytes));
  });

  await t.test('a stored block that has changed is refused', async () => {
    await stopAfter(spec, whole.tiles.total);
    const { part } = recordOf(ledgerOf('epoch-000001'), 1) as { part: string };
    const stored = readFileSync(join(directory, part));
    stored[stored.length >> 1]! ^= 1;
    writeFileSync(join(directory, part), stored);
    await assert.rejects(runEngine(spec), { tag: 'output-failed', message: /CRC.*--restart/ });
    await runEngine(spec, { restart: 'any' });
  });
});

/** Flags of the command line for a job of this file. */
function blurArgs(spec: JobSpecInput): string[] {
  const { codec } = spec.compression as { codec: string };
  const sizes = ['--tile', `${spec.tile}`, '--block', `${spec.block}`, '--threads', '1'];
  return ['blur', image, '--map', map, '-o', spec.output, '--compression', codec, '--max-radius', '32', ...sizes];
}

test('Ctrl-C ends with 130 and says how to go on; the second run finishes', async () => {
  const { bytes } = await undisturbed('deflate');
  const spec = jobOf('interrupted', 'deflate');
  const { directory } = partialPaths(spec.output);
  const started = startHalotile(...blurArgs(spec));
  await until(() => existsSync(directory) && epochsOf(directory).length > 0 && recordedTiles(directory).length > 0);
  started.child.kill('SIGINT');
  const interrupted = await started.ended;
  assert.equal(interrupted.code, 130);
  assert.match(interrupted.stderr, /run the same command again/);
  assert.equal(existsSync(spec.output), false);
  const recorded = recordedTiles(directory).length;
  const second = await halotile(...blurArgs(spec), '--json');
  assert.equal(second.code, 0, second.stderr);
  assert.equal((JSON.parse(second.stdout) as JobResult).tiles.resumed, recorded);
  assert.ok(readFileSync(spec.output).equals(bytes));
});

/** Resolves when `holds`, which is asked again and again. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

test('an unfinished job of other options is in the way until --restart discards it', async () => {
  const { bytes } = await undisturbed('deflate');
  const spec = jobOf('other', 'deflate');
  const { directory } = partialPaths(spec.output);
  await stopAfter({ ...spec, mapping: { max: 5 } }, 10);
  const refused = await halotile(...blurArgs(spec));
  assert.equal(refused.code, 2);
  assertOneSentence(refused, directory, '--restart');
  assert.ok(existsSync(directory));
  const restarted = await halotile(...blurArgs(spec), '--restart');
  assert.equal(restarted.code, 0, restarted.stderr);
  assert.ok(readFileSync(spec.output).equals(bytes));
});

test('a second process on the same output is refused, the first one finishes', async () => {
  const { bytes } = await undisturbed('deflate');
  const spec = jobOf('twice', 'deflate');
  const first = startJob(spec);
  const running = new Promise<void>((resolve) => afterTiles(first, 1, () => first.child.kill('SIGSTOP') && resolve()));
  await running;
  const second = await halotile(...blurArgs(spec));
  const restarting = await halotile(...blurArgs(spec), '--restart');
  first.child.kill('SIGCONT');
  for (const refused of [second, restarting]) {
    assert.equal(refused.code, 2);
    assertOneSentence(refused, spec.output, 'another process');
  }
  assert.equal((await first.ended).code, 0);
  assert.ok(readFileSync(spec.output).equals(bytes));
});

test('a thread that dies costs its tile another attempt', async () => {
  const { bytes, result: whole } = await undisturbed('deflate');
  const spec = jobOf('thread', 'deflate');
  await withThreads(async (executor, threads) => {
    const killed = new Set<number>();
    const result = await runEngine(spec, {
      executor,
      onProgress: ({ tilesDone }) => {
        if (tilesDone % 50 !== 3 || killed.has(tilesDone)) return;
        killed.add(tilesDone);
        void threads.at(-1)!.terminate();
      },
    });
    assert.ok(killed.size > 3);
    assert.equal(result.crc, whole.crc);
    assert.ok(readFileSync(spec.output).equals(bytes));
  });
});

test('a tile that fails at every attempt fails the job with its name; the job can be continued', async () => {
  const { bytes } = await undisturbed('deflate');
  const spec = jobOf('poison', 'deflate');
  // Part files are called after the pool: these can never be made.
  const pool = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: 'no/such/folder' });
  try {
    await assert.rejects(runEngine(spec, { executor: pool }), { tag: 'tile-failed', message: /stage 0 filter \d/ });
  } finally {
    await pool.close();
  }
  await runEngine(spec);
  assert.ok(readFileSync(spec.output).equals(bytes));
});

/** Gives `use` a pool and the threads that it has started so far. */
async function withThreads(use: (pool: ThreadPoolExecutor, threads: Worker[]) => Promise<void>): Promise<void> {
  const threads: Worker[] = [];
  const onThread = (thread: Worker) => threads.push(thread);
  process.on('worker', onThread);
  const pool = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: `mortal-${process.pid}` });
  try {
    await use(pool, threads);
  } finally {
    process.off('worker', onThread);
    await pool.close();
  }
}
