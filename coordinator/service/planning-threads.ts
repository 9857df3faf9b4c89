import { ThreadDeath } from '../../threads/thread-death.js';
import { Threads } from '../../threads/threads.js';
import { fromErrorRecord, HalotileError, toErrorRecord } from '../../tiling/errors.js';
import type { AnyJobSpec } from '../../tiling/job/collection-spec.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import type { PlanQuestions } from '../../tiling/prepare/prepare-plan.js';
import type { CollectionPlanner } from '../collection/collection-run.js';
import { unpackDataset } from '../dataset/frames/dataset.js';
import type { FoundFrames } from '../dataset/frames/find-frames.js';
import type { DatasetPlanner } from '../dataset/run-dataset.js';
import { BadRequest } from './caller-errors.js';
import type { Owner } from './places.js';
import type { CheckedSubmission, DiscardRequest, PlanningAnswer, PlanningSite, Question } from './planning-thread.js';

/** What planning may take. */
export interface PlanningLimits {
  /** A check; of a plan, one stretch of computing. Reading, converting and scanning inputs may take longer. */
  readonly deadlineMs: number;
  /** The JavaScript heap of one thread. */
  readonly heapMiB: number;
  /** Requests of one principal that wait for their turn, and their bytes. */
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
}

/** The limits of every coordinator; tests have smaller ones. */
export const PLANNING_LIMITS: PlanningLimits = {
  ...{ deadlineMs: 30_000, heapMiB: 1024 },
  ...{ maxWaiting: 4096, maxWaitingBytes: 64 << 20 },
};

/**
 * Threads that check requests, and threads that plan jobs, which may wait for files. One request of each principal runs
 * at a time, so that it takes several principals to keep all of a kind busy.
 */
const CHECK_THREADS = 2;
const PLAN_THREADS = 4;

/**
 * Checks and plans jobs away from the main thread, within limits of time and memory: whatever a request asks for, other
 * clients and heartbeats do not wait for it. A thread that passes a limit is ended with its request.
 */
export class PlanningThreads {
  readonly #limits: PlanningLimits;
  readonly #checks: Threads<PlanningAnswer<unknown>>;
  readonly #plans: Threads<PlanningAnswer<unknown>>;
  /** The last request of each principal, and how many wait. */
  readonly #lines = new Map<string, { tail: Promise<unknown>; length: number; bytes: number }>();
  /** Who answers the questions of each request that may ask some. */
  readonly #answerers = new Map<number, PlanQuestions>();
  #requests = 0;

  constructor(site: PlanningSite, limits: PlanningLimits = PLANNING_LIMITS) {
    this.#limits = limits;
    const file = new URL('./planning-thread.js', import.meta.url);
    const onMessage = (question: unknown) => this.#answer(question as Question);
    const open = (count: number) =>
      new Threads<PlanningAnswer<unknown>>({
        ...{ file, count, idleMs: 60_000, data: site, oldHeapMiB: limits.heapMiB, onMessage },
      });
    this.#checks = open(CHECK_THREADS);
    this.#plans = open(PLAN_THREADS);
  }

  /** @throws BadRequest, over-limit */
  submission(bytes: Uint8Array, owner: Owner): Promise<CheckedSubmission> {
    return this.#asked(owner, bytes.length, () => this.#ask('submission', { bytes: own(bytes), owner }));
  }

  /** The job of a PlanJob with real paths. @throws BadRequest, over-limit */
  planRequest(bytes: Uint8Array, owner: Owner): Promise<JobSpec> {
    return this.#asked(owner, bytes.length, () => this.#ask('planRequest', { bytes: own(bytes), owner }));
  }

  /** Removes what unfinished jobs left of an output. @throws not-found, not-allowed, partial-conflict, bad-input */
  async discard(request: DiscardRequest): Promise<void> {
    await this.#asked(request.owner, 0, () => this.#ask('discard', request));
  }

  /** @throws bad-input where a name lies nowhere any more */
  resolve<S extends AnyJobSpec>(spec: S, owner: Owner, id: string): Promise<S> {
    return this.#inTurn(owner, () => this.#ask('resolved', { spec, owner, id }));
  }

  /** A planner for jobs of one principal; `signal` ends what it does. */
  plannerFor(owner: Owner, signal?: AbortSignal): CollectionPlanner & DatasetPlanner {
    return {
      plan: (spec, { machine, prepare, questions }) => {
        const request = { spec, machine, prepare, slots: questions.slots };
        return this.#inTurn(owner, () => this.#paced('plan', request, { questions, signal }));
      },
      table: (spec, prepare) => this.#inTurn(owner, () => this.#paced('table', { spec, prepare }, { signal })),
      frames: async (job) => {
        const look = () => this.#paced<PackedFrames>('frames', { job, owner }, { signal });
        const { packed, passedOver } = await this.#inTurn(owner, look);
        return { ...unpackDataset(packed), passedOver };
      },
      images: (job, terms) => this.#inTurn(owner, () => this.#paced('images', { job, terms, owner }, { signal })),
    };
  }

  async close(): Promise<void> {
    await this.#checks.close();
    await this.#plans.close();
  }

  /** What reads files and may take its time: the deadline counts from the last sign that it gets on. */
  async #paced<T>(
    name: string,
    request: object,
    { questions, signal }: { readonly questions?: PlanQuestions; readonly signal?: AbortSignal | undefined },
  ): Promise<T> {
    const id = ++this.#requests;
    if (questions !== undefined) this.#answerers.set(id, questions);
    const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    try {
      return await this.#run(this.#plans, name, { ...request, id, beats }, { beats, signal });
    } finally {
      this.#answerers.delete(id);
    }
  }

  /** What the main thread's executor is asked by a thread that plans. */
  #answer({ id, method, args, port }: Question): void {
    const ask = this.#answerers.get(id)?.[method] as ((...given: readonly unknown[]) => Promise<unknown>) | undefined;
    // Nobody waits for the plan any more.
    if (ask === undefined) {
      port.close();
      return;
    }
    ask(...args).then(
      (value) => port.postMessage({ value }),
      (error: unknown) => port.postMessage({ error: toErrorRecord(error, 'tile-failed') }),
    );
  }

  /** What a caller asks for, in its turn, unless too much waits already. Jobs that run are never sent away. */
  async #asked<T>(owner: Owner, bytes: number, run: () => Promise<T>): Promise<T> {
    const { maxWaiting, maxWaitingBytes } = this.#limits;
    const { length, bytes: waitingBytes } = this.#lines.get(owner.principal) ?? { length: 0, bytes: 0 };
    if (length >= maxWaiting || (length > 0 && waitingBytes + bytes > maxWaitingBytes)) {
      throw new HalotileError('over-limit', {
        what: `${length} requests of ${owner.principal} wait to be planned, of ${waitingBytes} bytes`,
        expected: `at most ${maxWaiting}, of ${maxWaitingBytes} bytes`,
        remedy: 'try again when some are done',
      });
    }
    return this.#inTurn(owner, run, bytes);
  }

  /** After the principal's earlier requests. */
  async #inTurn<T>({ principal }: Owner, run: () => Promise<T>, bytes = 0): Promise<T> {
    const line = this.#lines.get(principal) ?? { tail: Promise.resolve(), length: 0, bytes: 0 };
    this.#lines.set(principal, line);
    line.length++;
    line.bytes += bytes;
    const turn = line.tail.then(run);
    line.tail = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      line.length--;
      line.bytes -= bytes;
      if (line.length === 0) this.#lines.delete(principal);
    }
  }

  /** A check, whose deadline counts from here. */
  #ask<T>(name: string, request: object): Promise<T> {
    return this.#run(this.#checks, name, request, {});
  }

  async #run<T>(
    pool: Threads<PlanningAnswer<unknown>>,
    name: string,
    request: object,
    { beats, signal }: RunTerms,
  ): Promise<T> {
    // `AbortSignal.any` and `.timeout` take longer to make than most checks and plans take.
    const stop = new AbortController();
    const onStop = () => stop.abort();
    if (signal?.aborted) onStop();
    signal?.addEventListener('abort', onStop);
    const watch = new Deadline(this.#limits.deadlineMs, beats, onStop);
    let answer: PlanningAnswer<T>;
    try {
      answer = (await pool.ask(request, { name, signal: stop.signal })) as PlanningAnswer<T>;
    } catch (error) {
      if (signal?.aborted) throw new HalotileError('interrupted', { what: 'the job was stopped while it was planned' });
      throw new HalotileError('over-limit', {
        what:
          error instanceof ThreadDeath
            ? `checking or planning the job ended its thread (${error.how})`
            : `checking or planning the job took more than ${this.#limits.deadlineMs / 1000} seconds`,
        expected: 'a job that is planned within the limits of time and memory',
        remedy: 'use fewer operations, smaller masks and tables, or fewer names',
      });
    } finally {
      watch.end();
      signal?.removeEventListener('abort', onStop);
    }
    if ('value' in answer) return answer.value;
    throw 'error' in answer ? fromErrorRecord(answer.error) : new BadRequest(answer.violations, answer.unnamed);
  }
}

/** Frames as they come from a thread. */
type PackedFrames = Pick<FoundFrames, 'packed' | 'passedOver'>;

interface RunTerms {
  /** Counts the signs that the request gets on; where absent its deadline counts from the start. */
  readonly beats?: Int32Array;
  /** Aborts when nobody wants the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Looks so often in the time of a deadline whether it is over. */
const LOOKS = 8;

/** Calls `onLate` when a request has taken too long: since its start, or since the last sign that it gets on. */
class Deadline {
  readonly #timer: NodeJS.Timeout;
  #beats = 0;
  #sinceMs = performance.now();

  constructor(deadlineMs: number, beats: Int32Array | undefined, onLate: () => void) {
    this.#timer = setInterval(() => {
      const count = beats === undefined ? 0 : Atomics.load(beats, 0);
      // One that waits for its turn is not late.
      if (count !== this.#beats || (beats !== undefined && count === 0)) this.#sinceMs = performance.now();
      this.#beats = count;
      if (performance.now() - this.#sinceMs >= deadlineMs) onLate();
    }, deadlineMs / LOOKS);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

/** A copy that can be handed to a thread without the rest of the buffer that gRPC cut it from. */
function own(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
