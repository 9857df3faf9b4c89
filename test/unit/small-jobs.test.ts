import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster } from '../../coordinator/cluster/cluster.js';
import type { JobTerms } from '../../coordinator/cluster/open-jobs.js';
import { type SmallJob, SmallJobs } from '../../coordinator/service/small-jobs.js';
import { fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import type { ImageResult, ImagesData } from '../../tiling/work/images.js';
import type { Executor, Task } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';

/** A task as the cluster was asked for it. */
interface Asked {
  readonly key: string;
  readonly outputs: readonly string[];
  readonly terms: JobTerms;
  done(): void;
  fail(error: Error): void;
}

/** Small jobs on a cluster of so many slots whose tasks end when the test says so. */
class Scene {
  readonly asked: Asked[] = [];
  readonly small: SmallJobs;
  readonly stops = new Map<string, AbortController>();

  constructor(slots: number) {
    const cluster = {
      slots,
      boundedBackends: ['processor'],
      leasesOf: () => 0,
      run: (job: WorkJob, task: Task<'images'>, terms: JobTerms) =>
        new Promise((resolve, reject) => {
          const { jobs } = task.data as ImagesData;
          const outputs = jobs.map(({ spec }) => spec.output);
          const results = jobs.map(({ index, spec }) => ({ index, made: spec.output }) as unknown as ImageResult);
          this.asked.push({
            ...{ key: job.key, outputs, terms, fail: reject },
            done: () => resolve({ task, value: { results } }),
          });
        }),
      closeJob: async (key: string) => {
        const task = this.asked.find((each) => each.key === key);
        task?.fail(new HalotileError('interrupted', { what: 'the job is over' }));
      },
    };
    const here = { closeJob: async () => {} };
    this.small = new SmallJobs({
      cluster: cluster as unknown as Cluster,
      machine: { threads: 1, memoryBytes: 2 ** 30 },
      here: here as unknown as Executor,
    });
  }

  get groups(): readonly string[] {
    return this.asked.map(({ outputs }) => outputs.join(' '));
  }

  /** The output of a job's result, `nothing` where nothing came of it, or the tag of its error. */
  async run(
    output: string,
    { terms = {}, ...more }: Partial<Omit<SmallJob, 'terms'>> & { terms?: Partial<JobTerms> } = {},
  ) {
    const stop = new AbortController();
    this.stops.set(output, stop);
    try {
      const result = await this.small.run({
        ...{ spec: jobSpecSchema.parse({ image: 'in', output, operations: [{ name: 'box', params: { radius: 1 } }] }) },
        ...{ bytes: 1, principal: 'anna', signal: stop.signal },
        terms: { id: output, priority: 0, onWaiting: () => {}, ...terms },
        reason: () => ({ tag: 'interrupted', detail: { what: 'the job was cancelled' } }),
        ...more,
      });
      return result === undefined ? 'nothing' : (result as unknown as { made: string }).made;
    } catch (error) {
      return (error as HalotileError).tag;
    }
  }
}

const LOST = () => {
  throw fromErrorRecord({ tag: 'interrupted', detail: { what: 'another coordinator has the job by now' } });
};

test('small jobs are tasks by themselves until all workers are busy; those that come then share some', async () => {
  const scene = new Scene(1);
  // Each belongs to a trace of its own.
  const ends = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => scene.run(name, { terms: { traceparent: name } }));
  assert.deepEqual(scene.groups, ['a', 'b']);
  scene.asked[0]!.done();
  assert.equal(await ends[0], 'a');
  scene.asked[1]!.done();
  assert.equal(await ends[1], 'b');
  await new Promise(setImmediate);
  assert.deepEqual(scene.groups, ['a', 'b', 'c d e', 'f']);
  for (const task of scene.asked) task.done();
  assert.deepEqual(await Promise.all(ends), ['a', 'b', 'c', 'd', 'e', 'f']);
});

test('jobs of other principals and priorities share no task, nor do those of more than 2 MiB together', async () => {
  const scene = new Scene(1);
  const busy = [scene.run('a'), scene.run('b')];
  const ends = [
    scene.run('anna', { bytes: 1 << 20 }),
    scene.run('large', { bytes: 1 << 20 }),
    scene.run('one more'),
    scene.run('urgent', { terms: { priority: 1 } }),
    scene.run('bert', { principal: 'bert' }),
  ];
  // Who is of another line waits for none of this one.
  assert.deepEqual(scene.groups, ['a', 'b', 'urgent', 'bert']);
  scene.asked[0]!.done();
  scene.asked[1]!.done();
  await Promise.all(busy);
  await new Promise(setImmediate);
  assert.deepEqual(scene.groups.slice(4), ['anna large', 'one more']);
  for (const task of scene.asked) task.done();
  await Promise.all(ends);
});

test('a job that may take long is a task by itself, for which none waits', async () => {
  const scene = new Scene(1);
  const operations = [{ name: 'nlm', params: {} }];
  const slow = jobSpecSchema.parse({ image: 'in', output: 'slow', operations });
  const ends = ['a', 'b', 'c'].map((name) => scene.run(name));
  ends.push(scene.run('slow', { spec: slow }), ...['d', 'e', 'f', 'g'].map((name) => scene.run(name)));
  for (let at = 0; at < 8; at++) {
    scene.asked[at]?.done();
    await new Promise(setImmediate);
  }
  assert.ok(scene.groups.includes('slow'), scene.groups.join());
  assert.ok(scene.groups.includes('d e') || scene.groups.includes('d e f'), scene.groups.join());
  assert.deepEqual(await Promise.all(ends), ['a', 'b', 'c', 'slow', 'd', 'e', 'f', 'g']);
});

test('a job that is stopped, or whose claim is lost, gets no file; those beside it do', async () => {
  const scene = new Scene(1);
  const busy = [scene.run('a'), scene.run('b')];
  const ends = [scene.run('stopped'), scene.run('kept'), scene.run('lost', { terms: { mayPublish: LOST } })];
  const last = [scene.run('next'), scene.run('last')];
  for (const task of [...scene.asked]) task.done();
  await Promise.all(busy);
  await new Promise(setImmediate);
  assert.deepEqual(scene.groups.slice(2), ['stopped kept lost', 'next last']);
  scene.stops.get('stopped')!.abort();
  assert.equal(await ends[0], 'interrupted');
  const wanted = scene.asked.slice(2).map(({ outputs, terms }) => outputs.filter((output) => terms.isWanted!(output)));
  assert.deepEqual(wanted, [['kept'], ['next', 'last']]);
  for (const task of scene.asked) task.done();
  assert.deepEqual(await Promise.all([...ends, ...last]), ['interrupted', 'kept', 'interrupted', 'next', 'last']);
});

test('a task ends when all of its jobs are stopped, and one that waits is stopped without a task', async () => {
  const scene = new Scene(1);
  const ends = ['a', 'b', 'c'].map((name) => scene.run(name));
  scene.stops.get('c')!.abort();
  assert.equal(await ends[2], 'interrupted');
  scene.stops.get('a')!.abort();
  scene.stops.get('b')!.abort();
  assert.deepEqual(await Promise.all(ends), ['interrupted', 'interrupted', 'interrupted']);
  await new Promise(setImmediate);
  const next = scene.run('next');
  assert.deepEqual(scene.groups, ['a', 'b', 'next']);
  scene.asked.at(-1)!.done();
  assert.equal(await next, 'next');
});

test('nothing comes of the jobs of a task that fails', async () => {
  const scene = new Scene(1);
  const ends = ['a', 'b'].map((name) => scene.run(name));
  scene.asked[0]!.fail(new HalotileError('output-failed', { what: 'no space left' }));
  scene.asked[1]!.fail(new TypeError('a fault of ours'));
  assert.deepEqual(await Promise.all(ends), ['nothing', undefined]);
});
