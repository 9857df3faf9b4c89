import assert from 'node:assert/strict';
import { isEnded } from '../../../library/cluster/jobs-client.js';
import { halotile } from '../../../proto/gen/messages.js';
import { HalotileError } from '../../../tiling/errors.js';
import type { FaultKind, FaultSchedule, ScheduledFault } from './fault-schedule.js';
import { type FaultedCluster, faultedSpec, tinySpec, withRedis } from './faulted-cluster.js';
import { eventually, patiently, pause } from './patience.js';
import { ScheduledRuns } from './scheduled-runs.js';

const { JobState } = halotile.v1;
const OPEN = [
  JobState.JOB_STATE_QUEUED,
  JobState.JOB_STATE_WAITING_FOR_WORKERS,
  JobState.JOB_STATE_RUNNING,
  JobState.JOB_STATE_ASSEMBLING,
  JobState.JOB_STATE_QUARANTINED,
];

/**
 * Runs a schedule on a cluster and checks what must hold after it: each acknowledged job has ended and is known to both
 * coordinators, a job submitted twice ran as one, outputs are those of a run without faults, and nothing is left: no part
 * files, no leases, no tickets.
 * @throws AssertionError naming the seed
 */
export async function runSchedule(cluster: FaultedCluster, schedule: FaultSchedule): Promise<void> {
  const { seed, jobs, faults, cancelAfterMs, tinyAfterMs } = schedule;
  const name = (index: number) => `seed-${seed}-${index}.tif`;
  const tinyName = (index: number) => `seed-${seed}-tiny-${index}.tif`;
  const outputs = Array.from({ length: jobs }, (_, index) => name(index));
  const submit = (index: number, at: number) =>
    patiently(() =>
      cluster.clients[at % 2]!.submit(
        faultedSpec((file) => `root:data/${file}`, `root:data/${name(index)}`),
        { requestId: `seed-${seed}-${index}` },
      ),
    );
  const ids = (await Promise.all(outputs.map((_, index) => submit(index, index)))).map(({ id }) => id!);
  const cancelling = cancelAfterMs === undefined ? undefined : cancelLater(cluster, ids.at(-1)!, cancelAfterMs);
  const tiny = Promise.all(
    tinyAfterMs.map(async (afterMs, index) => {
      await pause(afterMs);
      const spec = tinySpec((file) => `root:data/${file}`, `root:data/${tinyName(index)}`);
      const requestId = `seed-${seed}-tiny-${index}`;
      return (await patiently(() => cluster.clients[index % 2]!.submit(spec, { requestId }))).id!;
    }),
  );
  const say = (what: string) => `seed ${seed}: ${what}`;
  const runs = new ScheduledRuns(cluster, `seed-${seed}`);
  const means: FaultMeans = {
    submitAgain: async (which) => {
      const again = await submit(which, which + 1);
      assert.equal(again.id, ids[which], say('a job submitted again is another one'));
    },
    letScheduleRun: (forMs) => runs.letRun(forMs),
  };
  const under: Promise<unknown>[] = [];
  for (const fault of faults) {
    await pause(fault.afterMs);
    under.push(strike(cluster, fault, means));
    // One thing of a kind is away at a time: nobody promises to survive the loss of everything.
    if (!BESIDE_OTHERS.has(fault.kind)) await under.at(-1);
  }
  await Promise.all([...under, cancelling]);
  await runs.check(say);
  const states = await Promise.all(ids.map((id) => ended(cluster, id, say)));
  for (const [index, state] of states.entries()) {
    const mayBeCancelled = cancelAfterMs !== undefined && index === jobs - 1;
    if (mayBeCancelled && state === JobState.JOB_STATE_CANCELLED) {
      await patiently(() => cluster.clients[0]!.discard(`root:data/${name(index)}`)).catch((error: unknown) => {
        // It was cancelled before it began, or nothing of it was left.
        if (!(error instanceof HalotileError) || error.tag !== 'not-found') throw error;
      });
      continue;
    }
    assert.equal(state, JobState.JOB_STATE_SUCCEEDED, say(`job ${index} is ${JobState[state]}`));
    assert.equal(cluster.sha256Of(name(index)), cluster.expected, say(`the output of job ${index} differs`));
  }
  for (const [index, id] of (await tiny).entries()) {
    const state = await ended(cluster, id, say);
    assert.equal(state, JobState.JOB_STATE_SUCCEEDED, say(`tiny job ${index} is ${JobState[state]}`));
    assert.equal(
      cluster.sha256Of(tinyName(index)),
      cluster.expectedTiny,
      say(`the output of tiny job ${index} differs`),
    );
    outputs.push(tinyName(index));
  }
  await eventually(
    () => say(`left in the storage root: ${cluster.leftInRoot([...outputs, ...runs.outputs]).join(', ')}`),
    async () => cluster.leftInRoot([...outputs, ...runs.outputs]).length === 0,
  );
  for (const client of cluster.clients) {
    await eventually(say('a worker holds a task'), async () => {
      for await (const { tasks } of client.workers()) if (tasks?.length) return false;
      return true;
    });
    await eventually(say('a job is open'), async () => {
      for await (const _job of client.list({ states: OPEN })) return false;
      return true;
    });
  }
  await eventually(say('a ticket is left in Redis'), () => hasNoTickets(cluster.redis.url));
  cluster.removeOutputs([...outputs, ...runs.outputs]);
  runs.close();
  await cluster.setClocksRight();
}

/** What goes on while other things are away. */
const BESIDE_OTHERS: ReadonlySet<FaultKind> = new Set(['submit a job again', 'let a schedule run']);
/** A claim that nobody renews is another's after four seconds: some cuts last longer, some do not. */
const CUT_TIMES = 4;

/** Faults that are calls of the jobs' own clients. */
interface FaultMeans {
  readonly submitAgain: (which: number) => Promise<void>;
  readonly letScheduleRun: (forMs: number) => Promise<void>;
}

async function strike(
  cluster: FaultedCluster,
  { kind, which, forMs }: ScheduledFault,
  { submitAgain, letScheduleRun }: FaultMeans,
): Promise<void> {
  if (kind === 'kill a coordinator') await cluster.killCoordinator(which, forMs);
  else if (kind === 'kill a worker') await cluster.killWorker(which, forMs);
  else if (kind === 'stop a worker for a while') await cluster.stopWorker(which, forMs + 1500);
  else if (kind === 'kill Redis') await cluster.killRedis(forMs);
  else if (kind === 'flush Redis') await withRedis(cluster.redis.url, (redis) => redis.flushall());
  else if (kind === 'fill Redis') await cluster.fillRedis(forMs);
  else if (kind === 'cut a coordinator off from Redis') await cluster.cutFromRedis(which, CUT_TIMES * forMs);
  else if (kind === 'restart a coordinator with another clock') await cluster.changeClock(which, forMs % 2 === 0);
  else if (kind === 'restart everything in turn') await cluster.restartInTurn();
  else if (kind === 'let a schedule run') await letScheduleRun(forMs);
  else await submitAgain(which);
}

async function cancelLater(cluster: FaultedCluster, id: string, afterMs: number): Promise<void> {
  await pause(afterMs);
  await patiently(() => cluster.clients[1]!.cancel(id));
}

/** The last state of a job, which both coordinators must tell. */
async function ended(
  cluster: FaultedCluster,
  id: string,
  say: (what: string) => string,
): Promise<halotile.v1.JobState> {
  let state: halotile.v1.JobState = JobState.JOB_STATE_UNSPECIFIED;
  for (const [index, client] of cluster.clients.entries()) {
    await eventually(say(`job ${id} has not ended at coordinator ${index}`), async () => {
      state = (await client.get(id)).state ?? JobState.JOB_STATE_UNSPECIFIED;
      return isEnded(state);
    });
  }
  return state;
}

async function hasNoTickets(url: string): Promise<boolean> {
  const lists = ['wait', 'active', 'prioritized', 'delayed'].map((list) => `{halotile}:jobs:${list}`);
  return withRedis(url, async (redis) => {
    for (const list of lists) {
      const type = await redis.type(list);
      const count = type === 'list' ? await redis.llen(list) : type === 'zset' ? await redis.zcard(list) : 0;
      if (count > 0) return false;
    }
    return true;
  });
}
