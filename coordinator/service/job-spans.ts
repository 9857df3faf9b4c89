import type { Span, Tracing } from '../../tiling/tracing.js';
import { textOf } from '../../tiling/words.js';
import type { JobOutcome, QueuedJob } from '../queue/job-queue.js';

/** What a trace shows of one run of a job: how long it waited, its plan, its tasks, how its output was put together. */
export class JobSpans {
  readonly #tracing: Tracing | undefined;
  readonly #run: Span | undefined;
  readonly #submission: string | undefined;
  #part: Span | undefined;

  /** @param job as it was claimed */
  constructor(tracing: Tracing | undefined, job: QueuedJob) {
    const { id, attempt, principal, submittedMs, traceparent: parent } = job;
    this.#tracing = tracing;
    this.#submission = parent;
    // What a later attempt waited for is not known.
    if (attempt <= 1) tracing?.begin('queue', { parent, startMs: submittedMs }).end();
    this.#run = tracing?.begin('run', { parent, answers: 'message', attributes: { job: id, attempt, principal } });
    this.#begin('plan');
  }

  /** The span that its tasks are part of; the submission's where nobody traces here. */
  get context(): string | undefined {
    return this.#run?.context ?? this.#submission;
  }

  planned(): void {
    this.#part?.end();
    this.#part = undefined;
  }

  /** Its last tile is done; said again it changes nothing. */
  assembles(): void {
    if (this.#part === undefined) this.#begin('assemble');
  }

  /** @param outcome undefined where the job went back to the queue */
  end(outcome: JobOutcome | undefined): void {
    const error = outcome?.state === 'failed' ? textOf(outcome.failure.detail.what) : undefined;
    this.#part?.end();
    this.#run?.end({ ...(error !== undefined && { error }), attributes: { outcome: outcome?.state ?? 'given back' } });
  }

  #begin(name: string): void {
    const parent = this.#run?.context;
    this.#part = parent === undefined ? undefined : this.#tracing?.begin(name, { parent });
  }
}
