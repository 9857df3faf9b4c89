import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { toErrorRecord } from '../../tiling/errors.js';
import type { TileJob } from '../../tiling/job/execution.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { openBackend } from '../kernels/open-backend.js';
import { ClientPool } from '../remote/client-pool.js';
import { FetchedSource } from '../remote/fetched-source.js';
import { type OpenJob, openJob, type SharedCaches, type ThreadContext } from '../tile/open-job.js';
import { runTile } from '../tile/run-tile.js';
import { scanMap } from '../tile/scan-map.js';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './messages.js';

/** Jobs that a thread keeps open; the one used longest ago is closed for a new one. */
const OPEN_JOBS = 4;

const { backend, name } = workerData as ThreadData;

const clients = new ClientPool();
const context: ThreadContext = {
  backend: openBackend(backend),
  now: () => performance.now(),
  name: `${name}-${threadId}`,
  openSource: (ref) =>
    ref.kind === 'file'
      ? openTiffSource(ref.path, { blocksChecked: true })
      : new FetchedSource(clients.of(ref.endpoint), ref),
  clients,
};
const openJobs = new Map<string, OpenJob>();

/** One request, run to its end; never throws. */
export default async function answer(request: ThreadRequest): Promise<ThreadAnswer> {
  try {
    if (request.kind === 'scan-map')
      return { kind: 'scan-map', max: await scanMap(request.job, request.rect, context) };
    const open = opened(request.job, request.caches);
    return { kind: 'tile', result: await runTile(open, request.task) };
  } catch (error) {
    return { kind: 'error', error: toErrorRecord(error, 'tile-failed', describe(request)) };
  }
}

function opened(job: TileJob, caches: SharedCaches): OpenJob {
  const known = openJobs.get(job.key);
  openJobs.delete(job.key);
  const open = known ?? openJob(job, caches, context);
  openJobs.set(job.key, open);
  for (const [key, oldest] of openJobs) {
    if (openJobs.size <= OPEN_JOBS) break;
    openJobs.delete(key);
    oldest.close();
  }
  // A reduction completes the plan's operations between two stages of one job.
  return open.job === job ? open : { ...open, job, plan: job.plan };
}

function describe(request: ThreadRequest): string {
  return request.kind === 'tile' ? `stage ${request.task.stage} tile ${request.task.tile}` : 'map scan';
}
