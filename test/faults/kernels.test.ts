import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkModule, MODULE_LIMITS } from '../../tiling/operations/module/custom-module.js';
import type { Executor } from '../../tiling/work/task.js';
import { checkModuleApart, ThreadPoolExecutor } from '../../worker/index.js';
import { KernelChild } from '../../worker/kernels/custom/kernel-child.js';
import { imageOf } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { isAlive, kernelsOf, NO_PROC, ticksOf, until } from '../support/kernel-processes.js';
import { type Started, startHalotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';
import { endlessFrom, HIDDEN_TABLE, leb, trapBelow, vector, wasmModule } from '../support/wasm-module.js';

const folder = scratchFolder();
const HOUR_MS = 3_600_000;
const linux = { skip: NO_PROC };

function moduleFile(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function image(): string {
  const path = join(folder, 'image.tif');
  writeTiff(
    path,
    imageOf({ width: 200, height: 100 }, { dtype: 'uint8', channels: 1 }, (x, y) => (x + y) % 251),
  );
  return path;
}

test('a module that hides what a reader finds in it is refused', async () => {
  const hidden = wasmModule({ pixel: HIDDEN_TABLE });
  assert.ok(WebAssembly.validate(hidden as Uint8Array<ArrayBuffer>));
  await assert.rejects(checkModuleApart(hidden, 'hidden.wasm'), {
    tag: 'bad-usage',
    message: /hidden\.wasm: the module uses the instruction 0x6/,
  });
});

test('tables, memories, functions, globals, locals, types and segments have limits', () => {
  const global = [0x7f, 0, 0x41, 0, 0x0b];
  const many = (count: number, entry: readonly number[]) => vector(...new Array<readonly number[]>(count).fill(entry));
  const zero = [0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b];
  const body = (locals: number) => [1, ...leb(locals), 0x7f, ...zero];
  const refused: [Parameters<typeof wasmModule>[0], RegExp][] = [
    [{ sections: { 4: vector([0x70, 1, ...leb(10_000_000), ...leb(10_000_000)]) } }, /10000000 elements in one table/],
    [{ sections: { 4: vector([0x70, 0, 1]) } }, /a table has no declared maximum/],
    [{ sections: { 4: many(5, [0x70, 1, 1, 1]) } }, /5 tables/],
    [{ sections: { 5: many(2, [1, 1, 4]) } }, /2 memories/],
    [{ sections: { 6: many(1001, global) } }, /1001 globals/],
    [{ sections: { 3: many(10_001, [0]) } }, /10001 functions/],
    [{ sections: { 1: many(1001, [0x60, 0, 0]) } }, /1001 types/],
    [{ sections: { 1: vector([0x60, ...many(65, [0x7f]), 0]) } }, /65 parameters/],
    [{ sections: { 1: vector([0x60, 0, ...many(17, [0x7f])]) } }, /17 results/],
    [{ sections: { 9: leb(4_000_000_000) } }, /4000000000 segments/],
    [{ pixel: body(MODULE_LIMITS.locals + 1) }, /10001 locals in one function/],
    [
      { sections: { 10: many(21, [...leb(body(10_000).length), ...body(10_000)]) } },
      /210000 locals or more in all functions/,
    ],
    [{ sections: { 13: [1, 0, 0] } }, /a section of kind 13/],
    [{ sections: { 1: [0xff, 0xff, 0xff, 0xff, 0x0f] } }, /not valid WebAssembly/],
  ];
  for (const [parts, message] of refused) {
    assert.throws(() => checkModule(wasmModule(parts), 'm.wasm'), { tag: 'bad-usage', message });
  }
  assert.equal(checkModule(wasmModule(), 'm.wasm').form, 'pixel');
});

test('a kernel process ends at its memory limit', linux, async () => {
  const ask = async (memoryBytes: number) => {
    const child = new KernelChild({ memoryBytes, heapBytes: 64 << 20 });
    try {
      const question = { kind: 'check', bytes: wasmModule(), file: 'm.wasm' } as const;
      return (await child.ask(question, { limitMs: HOUR_MS })).kind;
    } finally {
      child.close();
    }
  };
  assert.equal(await ask(8 << 20), 'gone');
  // Nobody can raise a limit that the system has set.
  assert.equal(await ask(2 ** 53 - 1), 'answered');
  assert.equal(await ask(512 << 20), 'answered');
});

/** An executor that notes which attempts it was asked for and how each ended. */
function watched(executor: Executor): { readonly executor: Executor; readonly ends: string[] } {
  const ends: string[] = [];
  const run: Executor['run'] = async (job, task) => {
    try {
      return await executor.run(job, task);
    } catch (error) {
      ends.push(`${task.index}#${task.attempt} ${(error as { tag?: string }).tag}`);
      throw error;
    }
  };
  const rest = ['closeJob', 'close'] as const;
  const others = Object.fromEntries(rest.map((name) => [name, executor[name].bind(executor)]));
  const { slots, tasksAtOnce } = executor;
  return { executor: { slots, tasksAtOnce, ...others, run } as Executor, ends };
}

test('a kernel that fails in one tile ends the job, whatever time it has left in others', async () => {
  const threads = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: `kernels-${process.pid}` });
  try {
    const { executor, ends } = watched(threads);
    const module = moduleFile('trap.wasm', wasmModule({ pixel: trapBelow(64) }));
    const job = (limitMs: number) =>
      runEngine(
        {
          ...{ image: image(), output: join(folder, 'trap.tif'), tile: 64, block: 64 },
          operations: [{ name: 'custom', params: { module, limitMs } }],
        },
        { executor },
      );
    // Of an hour each in all other tiles nothing is waited for, and nothing is tried again.
    await assert.rejects(job(HOUR_MS), {
      tag: 'kernel-failed',
      message: /trap\.wasm at 0,0 64×64: the kernel trapped/,
    });
    assert.equal(ends[0], '0#1 kernel-failed');
    assert.ok(
      ends.every((end) => end.includes('#1 ')),
      ends.join(),
    );
    assert.ok(
      ends.slice(1).every((end) => end.endsWith('interrupted') || end === '4#1 kernel-failed'),
      ends.join(),
    );
  } finally {
    await threads.close();
  }
});

test('a kernel out of time fails its job at the first attempt', async () => {
  const threads = new ThreadPoolExecutor({ threads: 1, backend: 'wasm', name: `late-${process.pid}` });
  try {
    const { executor, ends } = watched(threads);
    const module = moduleFile('endless.wasm', wasmModule({ pixel: endlessFrom(0) }));
    const operations = [{ name: 'custom', params: { module, limitMs: 300 } }];
    await assert.rejects(
      runEngine({ image: image(), output: join(folder, 'late.tif'), tile: 64, block: 64, operations }, { executor }),
      { tag: 'kernel-failed', message: /endless\.wasm at 0,0 64×64: the kernel took longer than 300 ms/ },
    );
    assert.deepEqual(ends, ['0#1 kernel-failed', '1#1 interrupted']);
  } finally {
    await threads.close();
  }
});

/** A command whose kernel loops for an hour, and the process of that kernel, which has begun. */
async function looping(output: string): Promise<{ readonly started: Started; readonly kernel: number }> {
  const module = moduleFile('loop.wasm', wasmModule({ pixel: endlessFrom(0) }));
  const operation = `custom:module=${module},limitMs=${HOUR_MS}`;
  const started = startHalotile('process', image(), '-o', join(folder, output), '--op', operation, '--threads', '1');
  const kernel = await until(() => {
    assert.equal(started.child.exitCode, null, 'the command ended before its kernel began');
    return kernelsOf(started.child.pid!).find((pid) => ticksOf(pid) > 60);
  });
  return { started, kernel };
}

test('the death of a kernel is the failure of its job, in one sentence', linux, async () => {
  const { started, kernel } = await looping('killed.tif');
  process.kill(kernel, 'SIGKILL');
  const { code, stderr } = await started.ended;
  assert.equal(code, 1);
  assert.match(stderr, /^.*loop\.wasm at 0,0 200×100: the kernel ended its process \(SIGKILL\).*\n$/);
});

test('a kernel does not outlive the program that started it', linux, async () => {
  const { started, kernel } = await looping('orphan.tif');
  started.child.kill('SIGKILL');
  await started.ended;
  await until(() => (isAlive(kernel) ? undefined : true));
});
