import type { QueuedJob, QueueState } from '../job-queue.js';
import { isOpen } from '../transitions.js';

/** A job without what never changes of it. */
export type JobRest = Omit<QueuedJob, 'spec'>;

/** One job; what is over is kept as text, a third of its size in memory. */
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
  stop?: AbortController;
  /** Whether it is on the disk, as its submitter was told. */
  isSafe = true;
  #state: QueueState = 'queued';
  #endedMs = 0;
  #spec: QueuedJob['spec'] | string;
  #rest: JobRest | string = '';

  constructor(sequence: number, { spec, ...rest }: QueuedJob, bytes = specBytes(spec)) {
    this.sequence = sequence;
    this.bytes = bytes;
    this.id = rest.id;
    this.principal = rest.principal;
    this.requestId = rest.requestId;
    this.submittedMs = rest.submittedMs;
    this.#spec = spec;
    this.rest = rest;
  }

  get job(): QueuedJob {
    return { ...this.rest, spec: parsed(this.#spec) };
  }

  get rest(): JobRest {
    return parsed(this.#rest);
  }

  set rest(rest: JobRest) {
    const keep = isOpen(rest.state) ? parsed : text;
    this.#state = rest.state;
    this.#endedMs = rest.finishedMs ?? 0;
    this.#rest = keep(rest) as JobRest | string;
    this.#spec = keep(this.#spec) as QueuedJob['spec'] | string;
  }

  get state(): QueueState {
    return this.#state;
  }

  get endedMs(): number {
    return this.#endedMs;
  }
}

/** Bytes of a spec as JSON. */
export function specBytes(spec: QueuedJob['spec']): number {
  return Buffer.byteLength(JSON.stringify(spec));
}

function parsed<T>(value: T | string): T {
  return typeof value === 'string' ? (JSON.parse(value) as T) : value;
}

function text(value: object | string): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
