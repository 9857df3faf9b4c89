import type { TaskResult } from '../../tiling/work/task.js';
import type { JobOutcome } from '../queue/job-queue.js';
import type { Verdict } from '../scheduler/events.js';

/**
 * How an attempt at a task ended: with a verdict on its result, or without a result: it failed, took its thread along,
 * was given back, handed over no result, or its worker was lost.
 */
export type AttemptEnd = Verdict | 'failed' | 'crashed' | 'returned' | 'refused' | 'lost';
/** Why somebody should look at what workers hand over. */
export type Alarm = 'repeated-unequal' | 'workers-disagree' | 'result-refused' | 'worker-banned';

/** Is told what happens at a coordinator, to count it. What it is told costs no more than a call. */
export interface CoordinatorObserver {
  /** A worker was granted a task. */
  attemptBegun(): void;
  attemptEnded(how: AttemptEnd): void;
  /** A result counts. */
  committed(result: Pick<TaskResult, 'task' | 'seconds' | 'counts' | 'device'>): void;
  alarm(why: Alarm): void;
  /** Bytes of pixels and files that went to workers, or came from them. */
  travelled(direction: 'sent' | 'received', bytes: number): void;
  jobEnded(outcome: JobOutcome): void;
}
