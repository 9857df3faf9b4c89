import type { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { HalotileError } from '../../tiling/errors.js';
import { maySee } from '../api/access.js';
import type { Cluster } from '../cluster/cluster.js';
import type { JobQueue } from '../queue/job-queue.js';
import type { JobEvents } from '../service/job-events.js';
import { jobView } from './job-view.js';
import type { Paces } from './pace.js';
import type { PageEnv, PageGate } from './page-gate.js';
import { WorkerFeed } from './worker-feed.js';

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

/** How often a page hears of jobs. */
const JOBS_MS = 300;
/** Something must pass now and then, or nobody notices that the other end is gone. */
const SILENCE_MS = 9_000;
/** Pages that one principal may have open. */
const MAX_STREAMS = 50;

/** `GET /api/events`: a message `job` for each that changed, and `workers` at most once a second. */
export function addEventStream(app: Hono<PageEnv>, options: EventStreamOptions): void {
  const { gate, queue, events, cluster, paces, nowMs } = options;
  const open = new Map<string, { pages: number; readonly feed: WorkerFeed }>();

  app.get('/api/events', gate.caller, (c) => {
    const caller = c.get('caller');
    const key = JSON.stringify([caller.principal, caller.role]);
    const shared = open.get(key) ?? { pages: 0, feed: new WorkerFeed(caller, { queue, cluster, nowMs }) };
    if (shared.pages >= MAX_STREAMS) {
      throw new HalotileError('over-limit', {
        what: `${caller.principal} has ${shared.pages} pages open`,
        remedy: 'close some',
      });
    }
    shared.pages++;
    open.set(key, shared);
    c.header('cache-control', 'no-store');
    return streamSSE(c, async (stream) => {
      const changed = new Set<string>();
      const unwatch = events.onChange((id) => void changed.add(id));
      let told = '';
      let toldMs = 0;
      try {
        while (!stream.aborted) {
          if (gate.identify(c)?.principal !== caller.principal) return;
          const ids = [...changed];
          changed.clear();
          for (const id of ids) {
            const job = await queue.get(id);
            if (job === undefined || !maySee(job, caller)) continue;
            await stream.writeSSE({
              event: 'job',
              data: JSON.stringify(jobView(job, { events, paces, nowMs: nowMs() })),
            });
          }
          const text = await shared.feed.text();
          if (text !== told || nowMs() - toldMs >= SILENCE_MS) {
            await stream.writeSSE({ event: 'workers', data: text });
            [told, toldMs] = [text, nowMs()];
          }
          await stream.sleep(JOBS_MS);
        }
      } finally {
        unwatch();
        shared.pages--;
        if (shared.pages === 0) open.delete(key);
      }
    });
  });
}
