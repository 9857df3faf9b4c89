import { randomUUID } from 'node:crypto';
import { type ErrorRecord, fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { isQuick } from '../../tiling/operations/index.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { IMAGE_BATCH, IMAGE_BATCH_BYTES, type ImageResult } from '../../tiling/work/images.js';
import type { Executor } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import type { Cluster } from '../cluster/cluster.js';
import { ClusterExecutor } from '../cluster/cluster-executor.js';
import type { JobTerms } from '../cluster/open-jobs.js';

/** What small jobs are run with. */
export interface SmallJobsMeans {
  readonly cluster: Cluster;
  /** What one worker is taken to have. */
  readonly machine: PlanMachine;
  readonly here: Executor;
}

/** A job of the queue that one thread of a worker runs as a whole. */
export interface SmallJob {
  /** With real paths; nobody else writes its output meanwhile. */
  readonly spec: JobSpec;
  /** Of its inputs. */
  readonly bytes: number;
  readonly principal: string;
  readonly terms: JobTerms;
  readonly signal: AbortSignal;
  /** Why the signal aborted. */
  readonly reason: () => ErrorRecord;
}

/** One that waits for its task, or for the end of it. */
interface Waiting extends SmallJob {
  /** Whether others may wait for it. */
  readonly isShared: boolean;
  readonly resolve: (result: ImageResult | undefined) => void;
  readonly reject: (error: unknown) => void;
  task?: { readonly jobs: readonly Waiting[]; readonly executor: ClusterExecutor };
}

/** Jobs that may share a task: of one principal, with the same terms. */
interface Line {
  readonly waiting: Set<Waiting>;
  /** Tasks that are under way, and their jobs. */
  tasks: number;
  jobs: number;
  timer?: NodeJS.Timeout | undefined;
}

/** Tasks under way for each slot of the workers: one runs and one waits there. Further jobs wait here, and share some. */
const TASKS_PER_SLOT = 2;
/** How often it is looked for workers that came, while jobs wait. */
const LOOK_MS = 500;

/**
 * Hands small jobs to workers. As long as workers have nothing to do each is a task by itself; those that come while all
 * are busy wait and become one task together, as small images of a collection are, so that what a task costs is paid
 * once for several of them. Each keeps its own claim: it is ended, and its file gets its name, by its own.
 */
export class SmallJobs {
  readonly #means: SmallJobsMeans;
  readonly #lines = new Map<string, Line>();

  constructor(means: SmallJobsMeans) {
    this.#means = means;
  }

  /**
   * Runs one to its finished output.
   * @returns undefined where nothing came of its task
   * @throws what the signal's reason says; interrupted where another coordinator has the job by now
   */
  run(job: SmallJob): Promise<ImageResult | undefined> {
    const { principal, terms, signal, reason } = job;
    // Each job is a trace of its own: a task that several share belongs to that of the first.
    const key = JSON.stringify([principal, terms.priority, terms.verifyEvery]);
    const line = this.#lines.get(key) ?? { waiting: new Set(), tasks: 0, jobs: 0 };
    this.#lines.set(key, line);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { ...job, isShared: isQuickJob(job), resolve, reject };
      const onAbort = () => {
        line.waiting.delete(waiting);
        reject(fromErrorRecord(reason()));
        const { task } = waiting;
        if (task?.jobs.every((each) => each.signal.aborted)) task.executor.stopSoon(reason());
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      else line.waiting.add(waiting);
      this.#start(key, line);
    });
  }

  #start(key: string, line: Line): void {
    clearTimeout(line.timer);
    line.timer = undefined;
    const atOnce = this.#means.cluster.slots * TASKS_PER_SLOT;
    // Without workers all of them wait at the cluster, which says so.
    while (line.waiting.size > 0 && (line.tasks < atOnce || atOnce === 0)) {
      const share = Math.ceil((line.waiting.size + line.jobs) / Math.max(1, atOnce));
      const jobs = taken(line, share);
      line.tasks++;
      line.jobs += jobs.length;
      void this.#runTask(jobs).finally(() => {
        line.tasks--;
        line.jobs -= jobs.length;
        this.#start(key, line);
      });
    }
    if (line.waiting.size > 0) line.timer = setTimeout(() => this.#start(key, line), LOOK_MS).unref();
    else if (line.tasks === 0) this.#lines.delete(key);
  }

  /** Never throws: each job has its result or its error. */
  async #runTask(jobs: readonly Waiting[]): Promise<void> {
    const { cluster, machine, here } = this.#means;
    const { id, priority, verifyEvery, traceparent } = jobs[0]!.terms;
    const byOutput = new Map(jobs.map((job) => [job.spec.output, job]));
    const executor = new ClusterExecutor(
      cluster,
      {
        ...{ id, priority, verifyEvery, traceparent },
        isWanted: (path) => isWanted(byOutput.get(path)!),
        onWaiting: (waiting) => {
          for (const { signal, terms } of jobs) if (!signal.aborted) terms.onWaiting(waiting);
        },
      },
      here,
    );
    for (const job of jobs) job.task = { jobs, executor };
    const work: WorkJob = { key: `${jobs[0]!.spec.output}#${randomUUID()}`, inputs: [], failsAlone: true };
    const data = { jobs: jobs.map(({ spec }, index) => ({ index, spec })), machine };
    try {
      const { value } = await executor
        .run(work, { kind: 'images', stage: 0, index: 0, attempt: 1, data })
        .finally(() => executor.closeJob(work.key));
      for (const [position, { resolve }] of jobs.entries()) resolve(value.results[position]);
    } catch (error) {
      const isOver = !(error instanceof HalotileError) || error.tag === 'interrupted';
      for (const { resolve, reject } of jobs) isOver ? reject(error) : resolve(undefined);
    }
  }
}

/** Pixels that a job is taken to have, whose image is not read here. */
const PIXELS = 1 << 20;

/** Whether it is soon over, which those that may take long are not. */
function isQuickJob({ spec }: SmallJob): boolean {
  try {
    return isQuick(resolveOperations(spec.operations, { map: spec.map !== undefined }), PIXELS);
  } catch {
    // It will say what is wrong with it.
    return false;
  }
}

/** The first of those that wait, as many as one task may have. */
function taken({ waiting }: Line, count: number): readonly Waiting[] {
  const jobs: Waiting[] = [];
  let bytes = 0;
  for (const job of waiting) {
    bytes += job.bytes;
    const isFull = jobs.length >= Math.min(count, IMAGE_BATCH) || bytes > IMAGE_BATCH_BYTES;
    if (jobs.length > 0 && (isFull || !job.isShared)) break;
    waiting.delete(job);
    jobs.push(job);
    if (!job.isShared) break;
  }
  return jobs;
}

/** Whether a job's file may get its name: nobody else has the job, and nobody has stopped it. */
function isWanted({ signal, terms, reject }: Waiting): boolean {
  if (signal.aborted) return false;
  try {
    terms.mayPublish?.();
    return true;
  } catch (error) {
    reject(error);
    return false;
  }
}
