import { writeTimestamp } from '../../proto/convert/timestamp.js';
import type { halotile } from '../../proto/gen/messages.js';
import type { PageWorker } from '../../proto/page/messages.js';

const SECONDS_PER_MINUTE = 60;

/** A connected worker as clients see it. */
export function workerMessage(worker: PageWorker, wallMs: number): halotile.v1.IConnectedWorker {
  const { name, instance, principal, slots, roots, backends, draining, joinedMs, tilesDone, tilesPerMinute } = worker;
  return {
    ...{ name, instance, principal, slots, draining, tilesDone },
    roots: [...roots].sort(),
    backends: [...backends],
    joined: writeTimestamp(joinedMs),
    tilesPerSecond: tilesPerMinute / SECONDS_PER_MINUTE,
    memoryBytes: worker.memoryBytes ?? 0,
    residentBytes: worker.residentBytes ?? 0,
    tasks: worker.tasks.map(({ job, kind, stage, tile, runningMs }) => ({
      ...{ jobId: job, kind, stage, tile },
      started: writeTimestamp(runningMs === undefined ? undefined : wallMs - runningMs),
    })),
  };
}
