import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { layOutRawTiff } from '../../cli/demo/raw-tiff.js';
import { runJob } from '../../coordinator/index.js';
import { openExecutor } from '../../library/executor.js';
import { type JobSpecInput, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { partialPaths, readPartialJob } from '../../tiling/stitch/partial.js';
import type { Executor } from '../../tiling/work/task.js';
import { checkGpu, describeGpu, GpuExecutor, MixedExecutor, ThreadPoolExecutor } from '../../worker/index.js';

const machine = { threads: 2, memoryBytes: 2 ** 30 };
const folder = mkdtempSync(join(tmpdir(), 'halotile-gpu-'));
const image = join(folder, 'image.tif');
const map = join(folder, 'map.tif');
const size = { width: 400, height: 300 };
const BOX = [{ name: 'box' }];

const found = await GpuExecutor.open({ threads: 1, name: 'probe' });
if (found instanceof GpuExecutor) {
  await found.close();
  registerTests();
} else test('tiles on a GPU', { skip: found.reason }, () => {});

before(() => {
  writeTiff(image, 3, (i) => (i * i * 7 + (i >> 3)) & 255);
  writeTiff(map, 1, (i) => (i >> 7) % 12);
});
after(() => rmSync(folder, { recursive: true }));

function writeTiff(path: string, channels: 1 | 3, sample: (i: number) => number): void {
  const { header, fileBytes } = layOutRawTiff(size, channels, 'test');
  const bytes = new Uint8Array(fileBytes);
  for (let i = header.length; i < fileBytes; i++) bytes[i] = sample(i);
  bytes.set(header);
  writeFileSync(path, bytes);
}

/** Runs a job in tiles of 64 and returns its CRC; `onTile` hears of each committed tile. */
async function crcOf(
  executor: Executor,
  operations: JobSpecInput['operations'],
  onTile: (done: number) => void = () => {},
): Promise<string> {
  const output = join(folder, 'out.tif');
  const spec = jobSpecSchema.parse({ image, map, output, operations, tile: 64, block: 64, mapping: { max: 20 } });
  const nowSeconds = () => performance.now() / 1000;
  const result = await runJob({
    spec,
    executor,
    machine,
    nowSeconds,
    onProgress: ({ tilesDone }) => onTile(tilesDone),
  });
  rmSync(output);
  return result.crc;
}

async function cpuCrc(operations: JobSpecInput['operations']): Promise<string> {
  const pool = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: 'cpu' });
  try {
    return await crcOf(pool, operations);
  } finally {
    await pool.close();
  }
}

async function openGpu(onLoss: (what: string) => void = () => {}): Promise<GpuExecutor> {
  const gpu = await GpuExecutor.open({ threads: 2, name: 'gpu', backoffMs: 1 }, { onLoss });
  assert.ok(gpu instanceof GpuExecutor);
  return gpu;
}

function registerTests(): void {
  test('a job on the GPU has the pixels of the processor', async () => {
    const gpu = await openGpu();
    try {
      assert.equal(await crcOf(gpu, BOX), await cpuCrc(BOX));
    } finally {
      await gpu.close();
    }
  });

  test('a chain with operations that only the processor has gives the same pixels', async () => {
    const chain: JobSpecInput['operations'] = [
      ...BOX,
      { name: 'max', params: { footprint: 'disk:2' } },
      { name: 'std' },
      { name: 'gamma', params: { gamma: 0.7 } },
      { name: 'downscale', params: { factor: 2 } },
      { name: 'threshold', params: { method: 'otsu' } },
    ];
    const gpu = await openGpu();
    try {
      assert.equal(await crcOf(gpu, chain), await cpuCrc(chain));
    } finally {
      await gpu.close();
    }
  });

  test('GPU and processor share one job', async () => {
    const counts = { gpu: 0, cpu: 0 };
    const counted = (executor: Executor, side: keyof typeof counts): Executor => ({
      slots: executor.slots,
      tasksAtOnce: executor.tasksAtOnce,
      boundedBackends: executor.boundedBackends,
      run(job, task) {
        counts[side]++;
        return executor.run(job, task);
      },
      closeJob: (key) => executor.closeJob(key),
      close: () => executor.close(),
    });
    const cpu = new ThreadPoolExecutor({ threads: 1, backend: 'wasm', name: 'mixed-cpu' });
    const mixed = new MixedExecutor([counted(await openGpu(), 'gpu'), counted(cpu, 'cpu')]);
    try {
      assert.equal(await crcOf(mixed, BOX), await cpuCrc(BOX));
      assert.ok(counts.gpu > 0 && counts.cpu > 0, JSON.stringify(counts));
    } finally {
      await mixed.close();
    }
  });

  test('a killed process costs no tile', async () => {
    const losses: string[] = [];
    const gpu = await openGpu((what) => losses.push(what));
    try {
      const first = gpu.pid!;
      const crc = await crcOf(gpu, BOX, (done) => {
        if (done === 5) process.kill(first, 'SIGKILL');
      });
      assert.equal(crc, await cpuCrc(BOX));
      assert.notEqual(gpu.pid, first);
      assert.match(losses.join(), /SIGKILL.*starting again/);
    } finally {
      await gpu.close();
    }
  });

  test('a device that is destroyed under its tiles costs none', async () => {
    const losses: string[] = [];
    const gpu = await openGpu((what) => losses.push(what));
    try {
      const crc = await crcOf(gpu, BOX, (done) => {
        if (done === 5) gpu.loseDevice();
      });
      assert.equal(crc, await cpuCrc(BOX));
      assert.match(losses.join(), /the GPU was lost.*starting again/);
    } finally {
      await gpu.close();
    }
  });

  test('after repeated loss the processor takes over', async () => {
    const losses: string[] = [];
    const gpu = await openGpu((what) => losses.push(what));
    try {
      // No process lives long enough to finish a tile.
      let killed: number | undefined;
      const kill = setInterval(() => {
        if (gpu.pid !== undefined && gpu.pid !== killed) process.kill(gpu.pid, 'SIGKILL');
        killed = gpu.pid;
      }, 1);
      try {
        assert.equal(await crcOf(gpu, BOX), await cpuCrc(BOX));
      } finally {
        clearInterval(kill);
      }
      assert.match(losses.at(-1)!, /the processor takes over/);
    } finally {
      await gpu.close();
    }
  });

  test('device memory too small for one tile leaves it to the processor', async () => {
    const gpu = await GpuExecutor.open({ threads: 2, name: 'small', deviceBytes: 1 });
    assert.ok(gpu instanceof GpuExecutor);
    try {
      assert.equal(await crcOf(gpu, BOX), await cpuCrc(BOX));
    } finally {
      await gpu.close();
    }
  });

  test('a job with bounded operations stays with the backend that began it', async () => {
    const operations = [{ name: 'gaussian', params: { sigma: 1.5 } }];
    const output = join(folder, 'pinned.tif');
    const spec = jobSpecSchema.parse({ image, map, output, operations, tile: 64, block: 64, mapping: { max: 20 } });
    const gpu = await openGpu();
    const stop = new AbortController();
    const run = { spec, machine, nowSeconds: () => performance.now() / 1000 };
    try {
      const begun = runJob({
        ...run,
        executor: gpu,
        signal: stop.signal,
        onProgress: ({ tilesDone }) => tilesDone === 3 && stop.abort(),
      });
      await assert.rejects(begun, { tag: 'interrupted' });
      assert.equal(readPartialJob(partialPaths(output))?.pinned?.boundedBackend, gpu.boundedBackends[0]);
      const cpu = new ThreadPoolExecutor({ threads: 1, backend: 'wasm', name: 'other' });
      try {
        await assert.rejects(runJob({ ...run, executor: cpu }), { tag: 'not-ready' });
      } finally {
        await cpu.close();
      }
      const result = await runJob({ ...run, executor: gpu });
      assert.ok(result.tiles.resumed >= 3);
    } finally {
      await gpu.close();
    }
  });

  test('the report names adapter and driver, and every kernel passes its self-check', async () => {
    const report = await checkGpu();
    assert.ok(report.available);
    assert.ok(report.kernels.length > 0);
    assert.deepEqual(
      report.kernels.filter(({ passed }) => !passed),
      [],
    );
    assert.match(describeGpu(report), /GPU: .+\n {2}driver: .+\n.+\n {2}kernels: (\d+) of \1 equal the reference/);
  });

  test('auto does not take an adapter that computes on the processor', async () => {
    const executor = await openExecutor(machine, 'auto');
    try {
      const software = found instanceof GpuExecutor && !found.report.adapter.real;
      assert.equal(executor instanceof ThreadPoolExecutor, software);
    } finally {
      await executor.close();
    }
  });
}

test('without an adapter gpu is refused with a remedy and a report says why', async () => {
  const variables = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES'] as const;
  const before = variables.map((name) => process.env[name]);
  for (const name of variables) process.env[name] = join(folder, 'no-driver.json');
  try {
    await assert.rejects(openExecutor(machine, 'gpu'), { tag: 'not-ready', message: /no GPU to use.*--backend wasm/ });
    assert.match(describeGpu(await checkGpu()), /^GPU: none: /);
  } finally {
    for (const [i, name] of variables.entries()) {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    }
  }
});
