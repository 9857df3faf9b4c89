import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CallerSchedules, type ScheduleNow } from '../../coordinator/api/caller-schedules.js';
import { EmbeddedQueue } from '../../coordinator/queue/embedded/embedded-queue.js';
import { loadCron } from '../../coordinator/schedule/cron-times.js';
import type { Schedule, ScheduleState } from '../../coordinator/schedule/schedule.js';
import { ScheduleRunner } from '../../coordinator/schedule/schedule-runner.js';
import { ScheduleStore } from '../../coordinator/schedule/schedule-store.js';
import { readJobSpec, writeJobSpec } from '../../proto/convert/job-spec.js';
import { halotile } from '../../proto/gen/messages.js';
import { badInput } from '../../tiling/errors.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { said } from '../../tiling/words.js';

const readCron = await loadCron();
const START_MS = Date.parse('2026-05-01T00:00:00Z');

const spec = jobSpecSchema.parse({
  ...{ image: 'root:data/in.tif', output: 'root:data/run-{run}.tif' },
  operations: [{ name: 'box', params: { radius: 1 } }],
});
const SCHEDULE: Schedule = {
  ...{ id: 'often', principal: 'p', cron: '* * * * * *', timeZone: 'UTC', overlap: 'skip', catchUp: 'none' },
  ...{ jitterSeconds: 0, paused: false, sinceMs: START_MS },
  request: Buffer.from(halotile.v1.SubmitJobRequest.encode({ spec: writeJobSpec(spec) }).finish()).toString('base64'),
};

/** Coordinators of one queue and one folder of schedules, each with a clock and a planning that may take its time. */
async function withCoordinators(
  act: (start: (nowMs: () => number, planned?: () => Promise<void>) => ScheduleRunner, store: ScheduleStore) => unknown,
): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'halotile-schedules-'));
  const log = () => {};
  const queue = await EmbeddedQueue.open({
    ...{ directory, nowMs: () => START_MS, retentionMs: Number.POSITIVE_INFINITY, newId: randomUUID, log },
  });
  const store = () => new ScheduleStore(join(directory, 'schedules'), log);
  const runners: ScheduleRunner[] = [];
  store().put(SCHEDULE);
  const start = (nowMs: () => number, planned = async () => {}) => {
    const runner = new ScheduleRunner({
      ...{ store: store(), queue, readCron, nowMs, log },
      events: { queueChanged: () => {}, ended: () => {} },
      follows: { register: async () => {} },
      planning: {
        async submission(bytes) {
          await planned();
          const reading = readJobSpec(halotile.v1.SubmitJobRequest.decode(bytes).spec!);
          assert.ok(reading.ok);
          return { spec: reading.spec, follow: { nodes: [], webhooks: [] } };
        },
      },
    });
    runners.push(runner);
    return runner;
  };
  try {
    await act(start, store());
    const { jobs } = await queue.list({ pageSize: 100 });
    return jobs.map((job) => `${job.id} ${job.spec.output}`);
  } finally {
    for (const runner of runners) await runner.close();
    await queue.close();
    rmSync(directory, { recursive: true });
  }
}

const runsOf = (store: ScheduleStore) =>
  store.state(SCHEDULE).state.runs.map(({ run, dueMs, jobId }) => ({ run, second: (dueMs - START_MS) / 1000, jobId }));

test('a coordinator that takes its time takes back nothing of what another decided meanwhile', async () => {
  let runs: ReturnType<typeof runsOf> = [];
  const jobs = await withCoordinators(async (start, store) => {
    let goOn = () => {};
    const slow = start(
      () => START_MS + 1000,
      () => new Promise((resolve) => (goOn = resolve)),
    ).tick();
    const fast = (second: number) => start(() => START_MS + 1000 * second).tick();
    await fast(2);
    await fast(3);
    goOn();
    await slow;
    await fast(4);
    runs = runsOf(store);
  });
  // The first run has not ended, so the others are left out, each once.
  assert.deepEqual(
    runs.map(({ run, second, jobId }) => [run, second, jobId !== undefined]),
    [
      [4, 4, false],
      [3, 3, false],
      [2, 2, false],
      [1, 1, true],
    ],
  );
  assert.deepEqual(jobs, [`${runs.at(-1)!.jobId} root:data/run-1.tif`]);
});

test('a run that a coordinator decided and did not live to submit is submitted by another, once', async () => {
  let runs: ReturnType<typeof runsOf> = [];
  const jobs = await withCoordinators(async (start, store) => {
    const dies = start(
      () => START_MS + 1000,
      () => Promise.reject(new Error('killed')),
    );
    await dies.tick();
    assert.deepEqual(runsOf(store), [{ run: 1, second: 1, jobId: undefined }]);
    await Promise.all([start(() => START_MS + 1000).tick(), start(() => START_MS + 1000).tick()]);
    runs = runsOf(store);
  });
  assert.equal(runs.length, 1);
  assert.deepEqual(jobs, [`${runs[0]!.jobId} root:data/run-1.tif`]);
});

test('a run that is asked for while another one starts has a number of its own', async () => {
  let runs: ReturnType<typeof runsOf> = [];
  const jobs = await withCoordinators(async (start, store) => {
    let goOn = () => {};
    let slow: Promise<void> | undefined;
    await new Promise<void>((plans) => {
      const waits = () => {
        plans();
        return new Promise<void>((resolve) => {
          goOn = resolve;
        });
      };
      slow = start(() => START_MS + 1000, waits).tick();
    });
    const other = start(() => START_MS + 1500);
    const id = await other.runNow(SCHEDULE, 'asked');
    assert.equal(await other.runNow(SCHEDULE, 'asked'), id);
    goOn();
    await slow;
    runs = runsOf(store);
  });
  assert.deepEqual(
    runs.map(({ run }) => run),
    [2, 1],
  );
  assert.deepEqual(jobs.sort(), runs.map(({ run, jobId }) => `${jobId} root:data/run-${run}.tif`).sort());
});

test('a run that cannot be submitted keeps its failure with the file apart, and callers hear of it in their own names', async () => {
  const file = '/disk/scans/gone.tif';
  let kept: ScheduleState | undefined;
  let shown: ScheduleNow | undefined;
  const jobs = await withCoordinators(async (start, store) => {
    const nowMs = () => START_MS + 1000;
    const runner = start(nowMs, () =>
      Promise.reject(badInput({ what: said`no image like ${{ file }}`, file, remedy: 'create it first' })),
    );
    await runner.tick();
    kept = store.state(SCHEDULE).state;
    const nameOf = (path: string) => path.replace('/disk/scans/', 'root:scans/');
    shown = new CallerSchedules({ store, runner, nowMs, nameOf }).now(SCHEDULE);
  });
  assert.deepEqual(kept?.runs[0]?.failure, {
    tag: 'bad-input',
    detail: { what: ['no image like ', { file }], file, remedy: 'create it first' },
  });
  assert.equal(shown?.runs[0]?.note, 'root:scans/gone.tif: no image like root:scans/gone.tif; create it first');
  // It is not tried again.
  assert.equal(shown?.runs.length, 1);
  assert.deepEqual(jobs, []);
});
