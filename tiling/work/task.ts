import type { DeviceSeconds, TaskCounts, TaskSeconds } from '../job/job-figures.js';
import type { DataOf, KindName, ValueOf } from './index.js';
import type { InputPlace, SinkRef, StoredBlock, StoredFile } from './references.js';
import type { WorkJob } from './work-job.js';

/** One try at one piece of work of one kind. */
export interface Task<K extends KindName = KindName> {
  readonly kind: K;
  readonly stage: number;
  /** Of a tile: its row-major index in the stage's grid. Tasks of jobs without a plan go without numbers: 0. */
  readonly index: number;
  /** 1-based. */
  readonly attempt: number;
  readonly data: DataOf<K>;
  /** Where a worker finds what the kind's `reads` names, in that order; where the references say, where absent. */
  readonly places?: readonly InputPlace[];
  /** Where a worker puts what the kind's `writes` names as spill, and whose result it is. */
  readonly granted?: GrantedTask;
}

/** A task to run; whoever runs it counts its attempts. */
export type StageTask = { readonly [K in KindName]: Omit<Task<K>, 'attempt'> }[KindName];

/** What a coordinator's grant says of a task. */
export interface GrantedTask {
  readonly lease: number;
  /** What this worker is called where the lease is known. */
  readonly instance: string;
  /** Folder of spill files here; bytes travel with the result where absent. */
  readonly spill?: string;
  /** The span of this attempt, as W3C's `traceparent`; absent where nobody traces it. */
  readonly traceparent?: string;
  /** Where its result goes. */
  readonly to: Extract<SinkRef, { kind: 'coordinator' }>;
}

/** What a finished attempt hands back: places, checks and what the kind has to say, no pixels. */
export interface TaskResult<K extends KindName = KindName> {
  readonly task: Pick<Task<K>, 'kind' | 'stage' | 'index' | 'attempt'>;
  readonly value: ValueOf<K>;
  /** CRC-32 that two attempts at one task have in common: of its pixels before encoding, or of what it found. */
  readonly crc: number;
  /** Name of the part file in the epoch's folder; empty for placed blocks, and where there are none. */
  readonly part: string;
  readonly blocks: readonly StoredBlock[];
  readonly files: readonly StoredFile[];
  readonly seconds: TaskSeconds;
  readonly counts: TaskCounts;
  /** Where a device computed part of it. */
  readonly device?: DeviceSeconds;
  /** The thread has handed it to the coordinator already. */
  readonly committed?: true;
}

/** Runs tasks of every kind; one interface for threads of this process, a GPU's process and workers on other machines. */
export interface Executor {
  /** How many attempts it works on at once; may change. */
  readonly slots: number;
  /** How many attempts it takes at a time, so that no slot is idle between two. */
  readonly tasksAtOnce: number;
  /** The tile side that it works best with, where it differs from the planner's. */
  readonly preferredTile?: number;
  /** What it can compute bounded operations with, the best first; {@link CPU_BACKEND} alone where absent. */
  readonly boundedBackends?: readonly string[];
  /** Whether a backend that is not there may come later, so that a job which began on it waits. */
  readonly awaitsBackends?: boolean;
  /**
   * Runs one attempt. Attempts of one job may run in any order and at the same time.
   * @throws HalotileError as the task's own failure; `tile-failed` where the thread died
   */
  run<K extends KindName>(job: WorkJob, task: Task<K>): Promise<TaskResult<K>>;
  /** Forgets a job's caches and closes its files. */
  closeJob(key: string): Promise<void>;
  close(): Promise<void>;
}
