import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { PLACES, readPlaces } from '../../threads/places/place-reader.js';
import { HalotileError, toErrorRecord } from '../../tiling/errors.js';
import type { Task } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { DeviceClient } from '../device/device-client.js';
import type { Backend } from '../kernels/backend.js';
import { openBackend } from '../kernels/backends/open-backend.js';
import { JobEnd } from '../tile/job-end.js';
import { type OpenJob, openJob, type SharedCaches, type ThreadContext } from '../tile/open-job.js';
import { FILE_STORAGE, type Storage } from '../tile/storage.js';
import { RUNNERS } from '../work/index.js';
import { runTask } from '../work/run-task.js';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './messages.js';

readPlaces();

const { backend, name, threads, device, maximumBytes, expects } = workerData as ThreadData;

let opened: Backend | undefined;
const deviceClient = device === undefined ? undefined : new DeviceClient(device);

/** Not every kind of work computes tiles: the backend is opened for the first that does. */
function theBackend(): Backend {
  opened ??= openBackend(backend, maximumBytes);
  return opened;
}

function contextWith(storage: Storage, task: Task): ThreadContext {
  return {
    get backend() {
      return theBackend();
    },
    nowMs: () => performance.now(),
    name: `${name}-${threadId}`,
    storage,
    device: deviceClient,
    // A coordinator's tiles come in an order of its own.
    ...(task.granted === undefined && { tilesAhead: threads }),
  };
}

interface Opened {
  readonly open: OpenJob;
  readonly generation: number;
  /** Takes the wait for the job's end back. */
  readonly listening: () => void;
}

const openJobs = new Map<string, Opened>();
/** Key of the job whose task runs. */
let running: string | undefined;

await Promise.all(expects.map((kind) => RUNNERS[kind]()));
if (expects.includes('filter')) theBackend();

/** One task, run to its end; never throws. */
export default async function answer({ job, caches, task }: ThreadRequest): Promise<ThreadAnswer> {
  const end = new JobEnd(caches.end);
  running = job.key;
  try {
    if (end.isOver) throw new HalotileError('interrupted', { what: 'the job is over' });
    const context = contextWith(await storageOf(job, task), task);
    const open = () => openFor(job, caches, context);
    const run = task.granted === undefined ? runTask : (await import('../remote/run-granted.js')).runGranted;
    return { result: await run({ job, task, thread: context, open, end }) };
  } catch (error) {
    return { error: toErrorRecord(error, 'tile-failed', { where: `stage ${task.stage} ${task.kind} ${task.index}` }) };
  } finally {
    running = undefined;
    if (end.isOver) closeOf(job.key);
  }
}

/** gRPC is loaded for the first task of a coordinator: a thread that reads files starts sooner without it. */
async function storageOf({ inputs, sink }: WorkJob, { places = [] }: ThreadRequest['task']): Promise<Storage> {
  const refs = [...inputs.map(({ source }) => source), ...places, ...(sink ? [sink] : [])];
  const travels = refs.some(({ kind }) => kind === 'coordinator');
  return travels ? (await import('../remote/remote-storage.js')).REMOTE_STORAGE : FILE_STORAGE;
}

function openFor(job: WorkJob, caches: SharedCaches, context: ThreadContext): OpenJob {
  const known = openJobs.get(job.key);
  const { generation } = caches;
  // Closed before it is opened anew: two sinks of one part file would write over each other.
  if (known !== undefined && known.generation !== generation) closeOf(job.key);
  let open = openJobs.get(job.key)?.open;
  if (open === undefined) {
    if (caches.remote !== undefined) PLACES.adopt(caches.remote);
    open = openJob(job, caches, context);
    openJobs.set(job.key, { open, generation, listening: open.end.onEnd(() => closeUnused(job.key)) });
  }
  // A reduction completes the plan's operations between two stages of one job.
  if (open.job === job) return open;
  // Its sink is still opened only where a task writes.
  return Object.create(open, { job: { value: job }, plan: { value: job.plan! } }) as OpenJob;
}

/** Closes the files of a job that is over, so that their space on the disk is free; a task that runs goes first. */
function closeUnused(key: string): void {
  if (running === key) return;
  closeOf(key);
}

function closeOf(key: string): void {
  const known = openJobs.get(key);
  if (known === undefined) return;
  openJobs.delete(key);
  known.listening();
  known.open.close();
}
