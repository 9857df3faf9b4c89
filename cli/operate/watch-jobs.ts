import { type JobsClient, resultOf } from '../../library/cluster/jobs-client.js';
import { halotile } from '../../proto/gen/messages.js';

const { JobState } = halotile.v1;

/** Those that go on without anybody's doing. */
const GOING_ON = [
  JobState.JOB_STATE_QUEUED,
  JobState.JOB_STATE_WAITING_FOR_WORKERS,
  JobState.JOB_STATE_RUNNING,
  JobState.JOB_STATE_ASSEMBLING,
];
/** Streams at once; a coordinator refuses to have thousands of one client. */
const MAX_STREAMS = 500;
/** How often it is looked for jobs that have come since. */
const LOOK_MS = 1_000;

/** Who hears what happens to jobs. */
export type OnEvent = (id: string, event: halotile.v1.WatchJobResponse) => void;

/**
 * Follows jobs to their ends: those that are named, or all that the caller may see, with those that come meanwhile,
 * until none is left.
 * @throws the first failure, once all have ended
 */
export async function watchJobs(client: JobsClient, ids: readonly string[] | 'all', onEvent: OnEvent): Promise<void> {
  const failures: unknown[] = [];
  const watch = async (id: string) => {
    try {
      let last: halotile.v1.WatchJobResponse | undefined;
      for await (const event of client.watch(id)) {
        last = event;
        onEvent(id, event);
      }
      if (last !== undefined) resultOf(last);
    } catch (error) {
      failures.push(error);
    }
  };
  if (ids === 'all') await watchAll(client, watch);
  else await Promise.all([...new Set(ids)].map(watch));
  if (failures.length > 0) throw failures[0];
}

async function watchAll(client: JobsClient, watch: (id: string) => Promise<void>): Promise<void> {
  const watched = new Map<string, Promise<void>>();
  const over = new Set<string>();
  for (;;) {
    for await (const { id } of client.list({ states: GOING_ON })) {
      if (watched.size >= MAX_STREAMS) break;
      if (watched.has(id!) || over.has(id!)) continue;
      const ended = watch(id!).then(() => {
        watched.delete(id!);
        over.add(id!);
      });
      watched.set(id!, ended);
    }
    if (watched.size === 0) return;
    const look = new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    await Promise.race([look, Promise.all(watched.values())]);
  }
}
