import { PLACES } from '../../threads/places/place-reader.js';
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

interface Opened {
  readonly open: OpenJob;
  readonly generation: number;
  /** Takes the wait for the job's end back. */
  readonly listening: () => void;
}

/** What one thread runs tasks with, one after the other: its backend, and the jobs that it has opened. */
export class TaskRunner {
  readonly #data: ThreadData;
  /** Unique among the threads of the process. */
  readonly #name: string;
  readonly #device: DeviceClient | undefined;
  readonly #openJobs = new Map<string, Opened>();
  #backend: Backend | undefined;
  /** Key of the job whose task runs. */
  #running: string | undefined;

  constructor(data: ThreadData, threadId: number) {
    this.#data = data;
    this.#name = `${data.name}-${threadId}`;
    this.#device = data.device === undefined ? undefined : new DeviceClient(data.device);
  }

  /** Loads what its first task of each expected kind needs. */
  async ready(): Promise<void> {
    const { expects } = this.#data;
    await Promise.all(expects.map((kind) => RUNNERS[kind]()));
    if (expects.includes('filter')) this.#theBackend();
  }

  /** One task, run to its end; never throws. */
  async answer({ job, caches, task }: ThreadRequest): Promise<ThreadAnswer> {
    const end = new JobEnd(caches.end);
    this.#running = job.key;
    try {
      if (end.isOver) throw new HalotileError('interrupted', { what: 'the job is over' });
      const context = this.#contextWith(await storageOf(job, task), task);
      const open = () => this.#openFor(job, caches, context);
      const run = task.granted === undefined ? runTask : (await import('../remote/run-granted.js')).runGranted;
      return { result: await run({ job, task, thread: context, open, end }) };
    } catch (error) {
      return {
        error: toErrorRecord(error, 'tile-failed', { where: `stage ${task.stage} ${task.kind} ${task.index}` }),
      };
    } finally {
      this.#running = undefined;
      if (end.isOver) this.#closeOf(job.key);
    }
  }

  /** Not every kind of work computes tiles: the backend is opened for the first that does. */
  #theBackend(): Backend {
    this.#backend ??= openBackend(this.#data.backend, this.#data.maximumBytes);
    return this.#backend;
  }

  #contextWith(storage: Storage, task: Task): ThreadContext {
    const theBackend = () => this.#theBackend();
    return {
      get backend() {
        return theBackend();
      },
      nowMs: () => performance.now(),
      name: this.#name,
      storage,
      device: this.#device,
      // A coordinator's tiles come in an order of its own.
      ...(task.granted === undefined && { tilesAhead: this.#data.threads }),
    };
  }

  #openFor(job: WorkJob, caches: SharedCaches, context: ThreadContext): OpenJob {
    const known = this.#openJobs.get(job.key);
    const { generation } = caches;
    // Closed before it is opened anew: two sinks of one part file would write over each other.
    if (known !== undefined && known.generation !== generation) this.#closeOf(job.key);
    let open = this.#openJobs.get(job.key)?.open;
    if (open === undefined) {
      if (caches.remote !== undefined) PLACES.adopt(caches.remote);
      open = openJob(job, caches, context);
      this.#openJobs.set(job.key, { open, generation, listening: open.end.onEnd(() => this.#closeUnused(job.key)) });
    }
    // A reduction completes the plan's operations between two stages of one job.
    if (open.job === job) return open;
    // Its sink is still opened only where a task writes.
    return Object.create(open, { job: { value: job }, plan: { value: job.plan! } }) as OpenJob;
  }

  /** Closes the files of a job that is over, so that their space on the disk is free; a task that runs goes first. */
  #closeUnused(key: string): void {
    if (this.#running !== key) this.#closeOf(key);
  }

  #closeOf(key: string): void {
    const known = this.#openJobs.get(key);
    if (known === undefined) return;
    this.#openJobs.delete(key);
    known.listening();
    known.open.close();
  }
}

/** gRPC is loaded for the first task of a coordinator: a thread that reads files starts sooner without it. */
async function storageOf({ inputs, sink }: WorkJob, { places = [] }: ThreadRequest['task']): Promise<Storage> {
  const refs = [...inputs.map(({ source }) => source), ...places, ...(sink ? [sink] : [])];
  const travels = refs.some(({ kind }) => kind === 'coordinator');
  return travels ? (await import('../remote/remote-storage.js')).REMOTE_STORAGE : FILE_STORAGE;
}
