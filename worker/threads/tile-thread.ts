import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { HalotileError, toErrorRecord } from '../../tiling/errors.js';
import type { TileJob } from '../../tiling/job/execution.js';
import { DeviceClient } from '../gpu/device-client.js';
import { openBackend } from '../kernels/backends/open-backend.js';
import { JobEnd } from '../tile/job-end.js';
import { type OpenJob, openJob, type SharedCaches, type ThreadContext } from '../tile/open-job.js';
import { runTile } from '../tile/run-tile.js';
import { scanMap } from '../tile/scan-map.js';
import { FILE_STORAGE, type Storage, travels } from '../tile/storage.js';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './messages.js';

const { backend, name, device, maximumBytes } = workerData as ThreadData;

const thread: Omit<ThreadContext, 'storage'> = {
  backend: openBackend(backend, maximumBytes),
  now: () => performance.now(),
  name: `${name}-${threadId}`,
  device: device === undefined ? undefined : new DeviceClient(device),
};
const openJobs = new Map<string, { readonly open: OpenJob; readonly generation: number }>();

/** One request, run to its end; never throws. */
export default async function answer(request: ThreadRequest): Promise<ThreadAnswer> {
  try {
    if (request.kind === 'scan-map') {
      const context = { ...thread, storage: await storageOf(request.job.map) };
      return { kind: 'scan-map', max: await scanMap(request.job, request.rect, context) };
    }
    if (new JobEnd(request.caches.end).isOver) throw new HalotileError('interrupted', { what: 'the job is over' });
    closeEnded(request.live);
    const open = await opened(request.job, request.caches);
    return { kind: 'tile', result: await runTile(open, request.task) };
  } catch (error) {
    return { kind: 'error', error: toErrorRecord(error, 'tile-failed', describe(request)) };
  }
}

/** gRPC is loaded for the first job whose pixels travel: a thread that reads files starts sooner without it. */
async function storageOf(...refs: readonly ({ readonly kind: string } | undefined)[]): Promise<Storage> {
  return travels(refs) ? (await import('../remote/remote-storage.js')).REMOTE_STORAGE : FILE_STORAGE;
}

async function opened(job: TileJob, caches: SharedCaches): Promise<OpenJob> {
  const known = openJobs.get(job.key);
  const { generation } = caches;
  // Closed before it is opened anew: two sinks of one part file would write over each other.
  if (known !== undefined && known.generation !== generation) known.open.close();
  const open =
    known?.generation === generation
      ? known.open
      : openJob(job, caches, {
          ...thread,
          storage: await storageOf(job.image, job.mask, job.map, job.sink, ...Object.values(job.extras)),
        });
  openJobs.set(job.key, { open, generation });
  // A reduction completes the plan's operations between two stages of one job.
  return open.job === job ? open : { ...open, job, plan: job.plan };
}

/** Closes the files of jobs that are over, so that their space on the disk is free. */
function closeEnded(live: readonly string[]): void {
  for (const [key, { open }] of openJobs) {
    if (live.includes(key)) continue;
    openJobs.delete(key);
    open.close();
  }
}

function describe(request: ThreadRequest): string {
  return request.kind === 'tile' ? `stage ${request.task.stage} tile ${request.task.tile}` : 'map scan';
}
