import type { QueuedJob, QueueState } from '../job-queue.js';
import { isOpen } from '../transitions.js';

/** A job without what never changes of it. */
export type JobRest = Omit<QueuedJob, 'spec'>;

/** What a record of the log says of a job: the first one has its spec. */
export type RecordedJob = JobRest & Partial<Pick<QueuedJob, 'spec'>>;

/** A value, or the text of a record that says it: half as large in memory, and made when it is asked for. */
type Kept<T> = T | string;

/** One job. Of one that is over, and of one that nobody has asked for since a start, texts are kept. */
export class Entry {
  /** Order of submission. */
  readonly sequence: number;
  /** Of its spec as JSON. */
  readonly bytes: number;
  readonly id: string;
  readonly principal: string;
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly submittedMs: number;
  readonly priority: number;
  stop?: AbortController;
  /** Whether it is on the disk, as its submitter was told. */
  isSafe = true;
  #state: QueueState = 'queued';
  #epoch = 0;
  #notBeforeMs = 0;
  #endedMs = 0;
  #spec: Kept<QueuedJob['spec']>;
  #rest: Kept<JobRest> = '';

  private constructor(sequence: number, job: JobRest, spec: { kept: Kept<QueuedJob['spec']>; bytes: number }) {
    this.sequence = sequence;
    this.bytes = spec.bytes;
    this.id = job.id;
    this.principal = job.principal;
    this.requestId = job.requestId;
    this.submittedMs = job.submittedMs;
    this.priority = job.priority;
    this.#spec = spec.kept;
  }

  static of(sequence: number, { spec, ...rest }: QueuedJob): Entry {
    const entry = new Entry(sequence, rest, { kept: spec, bytes: specBytes(spec) });
    entry.rest = rest;
    return entry;
  }

  /**
   * A job as a record says it was submitted.
   * @param text the record's own
   */
  static read(sequence: number, job: QueuedJob, { text, bytes }: { text: string; bytes: number | undefined }): Entry {
    const entry = new Entry(sequence, job, { kept: text, bytes: bytes ?? specBytes(job.spec) });
    entry.reread(job, text);
    return entry;
  }

  get job(): QueuedJob {
    return { ...this.rest, spec: this.#specNow() };
  }

  get rest(): JobRest {
    const kept = this.#rest;
    if (typeof kept !== 'string') return kept;
    const { spec: _, ...rest } = recorded(kept);
    if (isOpen(this.#state)) this.#rest = rest;
    return rest;
  }

  set rest(rest: JobRest) {
    const isKept = isOpen(rest.state);
    this.#note(rest);
    this.#rest = isKept ? rest : JSON.stringify({ job: rest });
    if (isKept) this.#spec = this.#specNow();
    else if (typeof this.#spec !== 'string') this.#spec = JSON.stringify({ job: { spec: this.#spec } });
  }

  /** The job is as a later record says, whose text is kept. */
  reread(job: RecordedJob, text: string): void {
    this.#note(job);
    this.#rest = text;
  }

  get state(): QueueState {
    return this.#state;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** A queued job is not claimed before; 0 where it may be at once. */
  get notBeforeMs(): number {
    return this.#notBeforeMs;
  }

  get endedMs(): number {
    return this.#endedMs;
  }

  #note({ state, epoch, notBeforeMs = 0, finishedMs = 0 }: RecordedJob): void {
    this.#state = state;
    this.#epoch = epoch;
    this.#notBeforeMs = notBeforeMs;
    this.#endedMs = finishedMs;
  }

  #specNow(): QueuedJob['spec'] {
    return typeof this.#spec === 'string' ? recorded(this.#spec).spec! : this.#spec;
  }
}

/** Bytes of a spec as JSON. */
export function specBytes(spec: QueuedJob['spec']): number {
  return Buffer.byteLength(JSON.stringify(spec));
}

function recorded(text: string): RecordedJob {
  return (JSON.parse(text) as { job: RecordedJob }).job;
}
