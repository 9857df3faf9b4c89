import type { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { HalotileError } from '../../tiling/errors.js';
import { maySee } from '../api/access.js';
import { jobsAtWorkers, workerViews } from '../api/worker-view.js';
import type { Cluster } from '../cluster/cluster.js';
import type { JobQueue } from '../queue/job-queue.js';
import type { JobEvents } from '../service/job-events.js';
import { jobView } from './job-view.js';
import type { Paces } from './pace.js';
import type { PageEnv, PageGate } from './page-gate.js';

/** What the stream of everything tells from. */
export interface EventStreamOptions {
  readonly gate: PageGate;
  readonly queue: JobQueue;
  readonly events: JobEvents;
  readonly cluster: Cluster;
  readonly paces: Paces;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** How often a page hears of jobs, and of workers. */
const JOBS_MS = 300;
const WORKERS_EVERY = 3;
/** Pages that one principal may have open. */
const MAX_STREAMS = 50;
/** Jobs of somebody else that are known as such; when there are more, the queue is asked again. */
const MAX_KNOWN = 10_000;

/** `GET /api/events`: a message `job` for each that changed, and `workers` about once a second. */
export function addEventStream(app: Hono<PageEnv>, options: EventStreamOptions): void {
  const { gate, queue, events, cluster, paces, nowMs } = options;
  const open = new Map<string, number>();

  app.get('/api/events', gate.caller, (c) => {
    const caller = c.get('caller');
    const count = open.get(caller.principal) ?? 0;
    if (count >= MAX_STREAMS) {
      throw new HalotileError('over-limit', {
        what: `${caller.principal} has ${count} pages open`,
        remedy: 'close some',
      });
    }
    open.set(caller.principal, count + 1);
    c.header('cache-control', 'no-store');
    return streamSSE(c, async (stream) => {
      const changed = new Set<string>();
      const own = new Map<string, boolean>();
      const unwatch = events.onChange((id) => void changed.add(id));
      let last = '';
      try {
        for (let round = 0; !stream.aborted; round++) {
          if (gate.identify(c)?.principal !== caller.principal) return;
          const ids = [...changed];
          changed.clear();
          for (const id of ids) {
            const job = await queue.get(id);
            if (own.size >= MAX_KNOWN) own.clear();
            own.set(id, job !== undefined && maySee(job, caller));
            if (job === undefined || !own.get(id)) continue;
            await stream.writeSSE({
              event: 'job',
              data: JSON.stringify(jobView(job, { events, paces, nowMs: nowMs() })),
            });
          }
          if (round % WORKERS_EVERY === 0) {
            for (const id of jobsAtWorkers(cluster)) {
              if (own.has(id)) continue;
              const job = await queue.get(id);
              own.set(id, job !== undefined && maySee(job, caller));
            }
            const views = workerViews(cluster, { caller, isOwn: (id) => own.get(id) === true, wallMs: nowMs() });
            const text = JSON.stringify(views);
            // Something must pass now and then, or nobody notices that the other end is gone.
            if (text !== last || round % 30 === 0) await stream.writeSSE({ event: 'workers', data: text });
            last = text;
          }
          await stream.sleep(JOBS_MS);
        }
      } finally {
        unwatch();
        const left = open.get(caller.principal)! - 1;
        if (left === 0) open.delete(caller.principal);
        else open.set(caller.principal, left);
      }
    });
  });
}
