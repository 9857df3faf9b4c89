import { statfs } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import type { Alarm, AttemptEnd, Coordinator, CoordinatorObserver } from '../../coordinator/index.js';
import { tally } from './tally.js';
import { TaskSeconds } from './task-seconds.js';

type Prom = typeof import('prom-client');
type JobEnd = Parameters<CoordinatorObserver['jobEnded']>[0];

const ENDS: readonly AttemptEnd[] = [
  ...(['commit', 'held', 'duplicate', 'unequal', 'unwanted'] as const),
  ...(['failed', 'crashed', 'returned', 'refused', 'lost'] as const),
];
const ALARMS: readonly Alarm[] = ['repeated-unequal', 'workers-disagree', 'result-refused', 'worker-banned'];
const LIVE_STATES = ['starting', 'waiting-for-workers', 'running', 'assembling'] as const;
const JOB_ENDS = ['succeeded', 'failed', 'cancelled'] as const;

/** What is counted as it happens at a coordinator. Every label has few values, whatever clients do. */
export function coordinatorCounters(prom: Prom, registry: Registry): CoordinatorObserver {
  let begun = 0;
  let savedHalo = 0;
  const registers = [registry];
  new prom.Counter({
    name: 'halotile_attempts_total',
    help: 'Tasks that were granted to workers',
    registers,
    collect() {
      this.reset();
      this.inc(begun);
    },
  });
  const ended = tally(prom, registry, {
    name: 'halotile_attempts_ended_total',
    help: 'Attempts by how they ended: "commit" counts, all others were in vain',
    ...{ label: 'outcome', values: ENDS },
  });
  const alarms = tally(prom, registry, {
    name: 'halotile_alarms_total',
    help: 'Results that differ from others of the same task, or were none, and workers that were sent away',
    ...{ label: 'reason', values: ALARMS },
  });
  const wire = tally(prom, registry, {
    name: 'halotile_wire_bytes_total',
    help: 'Bytes of pixels and files between this coordinator and workers',
    ...{ label: 'direction', values: ['sent', 'received'] },
  });
  const jobs = tally(prom, registry, {
    name: 'halotile_jobs_ended_total',
    help: 'Jobs that ended at this coordinator',
    ...{ label: 'state', values: JOB_ENDS },
  });
  new prom.Counter({
    name: 'halotile_halo_saved_pixels_total',
    help: "Image pixels that one halo for all tiles would have read and the tiles' own halos did not, of jobs that succeeded",
    registers,
    collect() {
      this.reset();
      this.inc(savedHalo);
    },
  });
  const tasks = new TaskSeconds(prom, registry);
  return {
    attemptBegun: () => void begun++,
    attemptEnded: (outcome) => ended(outcome),
    committed: (result) => tasks.add(result),
    alarm: (reason) => alarms(reason),
    travelled: (direction, bytes) => wire(direction, bytes),
    jobEnded(outcome) {
      jobs(outcome.state);
      savedHalo += savedPixels(outcome);
    },
  };
}

function savedPixels(outcome: JobEnd): number {
  if (outcome.state !== 'succeeded' || !('halo' in outcome.result)) return 0;
  const { pixelsWithMaxHalo, pixelsRead } = outcome.result.halo;
  return Math.max(0, pixelsWithMaxHalo - pixelsRead);
}

interface QueueLook {
  /** Undefined where the queue did not answer. */
  readonly depth: Awaited<ReturnType<Coordinator['queueDepth']>> | undefined;
  readonly seconds: number;
}

async function lookAtQueue(coordinator: Coordinator): Promise<QueueLook> {
  const startMs = performance.now();
  const depth = await coordinator.queueDepth().catch(() => undefined);
  return { depth, seconds: (performance.now() - startMs) / 1000 };
}

/** What is looked up when somebody asks. */
export function coordinatorGauges(
  { Gauge }: Prom,
  {
    registry,
    coordinator,
    stateDirectory,
    nowMs,
  }: {
    readonly registry: Registry;
    readonly coordinator: Coordinator;
    readonly stateDirectory: string;
    /** Milliseconds since 1970. */
    readonly nowMs: () => number;
  },
): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await value());
      },
    });
  // One look at the queue answers a whole scrape; where it fails, everything else is shown all the same.
  let look: Promise<QueueLook> | undefined;
  new Gauge({
    name: 'halotile_jobs',
    help: 'Open jobs: "queued" and "quarantined" of the queue, which coordinators may share; the others of this coordinator',
    labelNames: ['state'],
    registers,
    async collect() {
      look = lookAtQueue(coordinator);
      const { depth } = await look;
      this.reset();
      if (depth !== undefined) {
        this.set({ state: 'queued' }, depth.queued);
        this.set({ state: 'quarantined' }, depth.quarantined);
      }
      const running = coordinator.running;
      for (const state of LIVE_STATES) this.set({ state }, running.filter((each) => each === state).length);
    },
  });
  gauge(
    'halotile_queue_oldest_seconds',
    'Age of the job that waits longest in the queue; 0 where none waits',
    async () => {
      const oldestMs = (await look)?.depth?.oldestMs;
      return oldestMs === undefined ? 0 : Math.max(0, (nowMs() - oldestMs) / 1000);
    },
  );
  gauge('halotile_queue_up', 'Whether the queue answered', async () => ((await look)?.depth === undefined ? 0 : 1));
  gauge(
    'halotile_queue_look_seconds',
    'What a look at all waiting jobs took: of a queue in Redis, a few round trips',
    async () => (await look)?.seconds ?? 0,
  );
  gauge(
    'halotile_waiting_slots',
    'Slots that tasks of this coordinator could use at once and do not have',
    () => coordinator.load.waiting,
  );
  gauge('halotile_busy_slots', 'Attempts that run on workers', () => coordinator.load.busy);
  gauge('halotile_slots', 'Attempts that the connected workers run at once', () => coordinator.load.slots);
  gauge('halotile_leases', 'Leases that workers hold, those granted ahead among them', () => coordinator.load.leases);
  new Gauge({
    name: 'halotile_workers',
    help: 'Connected workers; those that drain take nothing more',
    labelNames: ['state'],
    registers,
    collect() {
      const { workers, draining } = coordinator.load;
      this.set({ state: 'ready' }, workers);
      this.set({ state: 'draining' }, draining);
    },
  });
  new Gauge({
    name: 'halotile_kept_bytes',
    help: 'Uploads, and results to be downloaded, as of the last look',
    labelNames: ['what'],
    registers,
    collect() {
      const { uploadBytes, resultBytes } = coordinator.held;
      this.set({ what: 'uploads' }, uploadBytes);
      this.set({ what: 'results' }, resultBytes);
    },
  });
  new Gauge({
    name: 'halotile_kept_files',
    help: 'Uploads, and results to be downloaded, as of the last look',
    labelNames: ['what'],
    registers,
    collect() {
      const { uploads, results } = coordinator.held;
      this.set({ what: 'uploads' }, uploads);
      this.set({ what: 'results' }, results);
    },
  });
  gauge('halotile_state_free_bytes', 'Room on the disk of the state folder', async () => {
    const { bavail, bsize } = await statfs(stateDirectory);
    return bavail * bsize;
  });
}
