import type { ErrorRecord } from '../errors.js';
import type { InputPlace, InputRef, OutputRef } from './references.js';
import type { WorkJob } from './work-job.js';

/**
 * A kind of work, declared once: data and pure functions. What runs it lies in `worker/work/` under the same name.
 * Schedulers, sessions, fetches, commits and ledgers handle its references and know nothing else of it.
 *
 * @typeParam D what a task says beside its place in the job: JSON data and byte arrays
 * @typeParam V what its result says beside blocks and files: JSON data and byte arrays
 */
export interface WorkKind<D, V> {
  /** What a task reads beside its job's inputs; nothing where absent. */
  readonly reads?: (data: D) => readonly InputRef[];
  /** The task's data with a worker's places for what it reads, in the same order. */
  readonly placed?: (data: D, places: readonly InputPlace[]) => D;
  /** What a task writes beside blocks, by position; null where nothing is wanted at a position. */
  readonly writes?: (data: D) => readonly (OutputRef | null)[];
  /** The value of a result with the coordinator's places of what was spilled, by position among the outputs. */
  readonly stored?: (value: V, data: D, spilled: ReadonlyMap<number, SpillPlace>) => V;
  /** Parts of a task that can run by themselves, so that the one which takes its worker along is known by name. */
  readonly split?: (data: D) => readonly D[];
  /** The value of the whole from those of its parts. */
  readonly merge?: (values: readonly V[]) => V;
  /** The error of a task that is given up, in the name of what it is about. */
  readonly blame?: (data: D, error: ErrorRecord) => ErrorRecord;
  /** The value that stands for a task which is given up, where its job can go on without it. */
  readonly without?: (data: D, error: ErrorRecord) => V;
  /**
   * Whether a value that a worker has sent is one of this kind and of this task. Absent where a task stays: what
   * threads of the own process say is believed.
   */
  readonly isValue?: (value: unknown, task: AskedTask<D>) => value is V;
  /** Whether a result brings the blocks of its tile, where the job has a sink. */
  readonly stores?: boolean;
  /** What one attempt holds in memory. */
  readonly memoryBytes: (data: D, job: Pick<WorkJob, 'plan'>) => number;
  /** Runs where the job is run and not on workers: it is short, and what it gives is needed there at once. */
  readonly stays?: boolean;
}

/** What a result is held against. */
export interface AskedTask<D> {
  readonly data: D;
  readonly stage: number;
  readonly index: number;
  readonly job: Pick<WorkJob, 'plan'>;
}

/** Where spilled bytes lie. */
export interface SpillPlace {
  readonly file: string;
  readonly offset: number;
  readonly crc: number;
}
