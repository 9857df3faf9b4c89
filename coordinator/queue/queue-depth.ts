import type { JobQueue } from './job-queue.js';

/** What waits in a queue. */
export interface QueueDepth {
  readonly queued: number;
  /** Set aside until an admin looks at them. */
  readonly quarantined: number;
  /** When the job was submitted that waits longest, milliseconds since 1970; undefined where none waits. */
  readonly oldestMs: number | undefined;
}

const PAGE = 1000;

/** What waits in a queue now. Costs one look at every job that waits. */
export async function queueDepth(queue: JobQueue): Promise<QueueDepth> {
  const depth = { queued: 0, quarantined: 0, oldestMs: undefined as number | undefined };
  for (let after: string | undefined; ; ) {
    const page = await queue.list({ states: ['queued', 'quarantined'], pageSize: PAGE, after });
    for (const { state, submittedMs } of page.jobs) {
      if (state === 'quarantined') depth.quarantined++;
      else {
        depth.queued++;
        depth.oldestMs = Math.min(depth.oldestMs ?? submittedMs, submittedMs);
      }
    }
    after = page.next;
    if (after === undefined) return depth;
  }
}
