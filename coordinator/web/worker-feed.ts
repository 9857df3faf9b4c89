import { type Caller, maySee } from '../api/access.js';
import { jobsAtWorkers, workerViews } from '../api/worker-view.js';
import type { Cluster } from '../cluster/cluster.js';
import type { JobQueue } from '../queue/job-queue.js';
import { restMs } from './stream-pace.js';

/** What workers are looked at with. */
export interface WorkerFeedOptions {
  readonly queue: JobQueue;
  readonly cluster: Cluster;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** What is looked at again after so long, at least. */
const LOOK_MS = 900;
/** Jobs of which it is remembered whether the caller may see them; when there are more, the queue is asked again. */
const MAX_KNOWN = 10_000;

/** What workers do, as one caller may see it: looked up and written once for all pages that it has open. */
export class WorkerFeed {
  readonly #options: WorkerFeedOptions;
  readonly #caller: Caller;
  readonly #own = new Map<string, boolean>();
  #text: Promise<string> | undefined;
  /** When it is looked at again, on the clock of leases. */
  #againMs = Number.NEGATIVE_INFINITY;

  constructor(caller: Caller, options: WorkerFeedOptions) {
    this.#caller = caller;
    this.#options = options;
  }

  /** The message `workers` of the page's stream, as JSON. */
  text(): Promise<string> {
    if (this.#text === undefined || this.#options.cluster.nowMs >= this.#againMs) {
      this.#againMs = Number.POSITIVE_INFINITY;
      this.#text = this.#look();
    }
    return this.#text;
  }

  async #look(): Promise<string> {
    const { queue, cluster, nowMs } = this.#options;
    const caller = this.#caller;
    let tookMs = 0;
    try {
      if (this.#own.size >= MAX_KNOWN) this.#own.clear();
      const startMs = cluster.nowMs;
      const workers = cluster.lookAtWorkers();
      const ids = jobsAtWorkers(cluster, workers);
      tookMs = cluster.nowMs - startMs;
      for (const id of ids) {
        if (this.#own.has(id)) continue;
        const job = await queue.get(id);
        this.#own.set(id, job !== undefined && maySee(job, caller));
      }
      const seenMs = cluster.nowMs;
      const isOwn = (id: string) => this.#own.get(id) === true;
      const text = JSON.stringify(workerViews(cluster, workers, { caller, isOwn, wallMs: nowMs() }));
      tookMs += cluster.nowMs - seenMs;
      return text;
    } finally {
      this.#againMs = cluster.nowMs + restMs(tookMs, LOOK_MS);
    }
  }
}
