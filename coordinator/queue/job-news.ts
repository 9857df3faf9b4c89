import type { JobProgress } from '../../tiling/job/job-progress.js';

/** How far a claimed job is; the queue knows the rest. */
export type LiveState = 'starting' | 'waiting-for-workers' | 'running' | 'assembling';

/** How far a running job is, and how many attempts workers hold. */
export interface LiveProgress extends JobProgress {
  readonly tilesRunning: number;
}

/** What watchers are told. */
export interface JobEvent {
  /** Grows with every event of a job, across restarts too. */
  readonly sequence: number;
  /** `queue` says to look there: the job was queued, claimed or ended. */
  readonly change: 'queue' | 'state' | 'progress';
  /** How far the job was then, while it was claimed. */
  readonly state: LiveState;
  readonly note: string;
}

/** Something that happened to a job, for coordinators that do not run it. */
export interface JobNews {
  readonly id: string;
  /** What watchers of the job are told. */
  readonly event: JobEvent;
  readonly progress?: LiveProgress;
  /** Whether the job has ended. */
  readonly over: boolean;
}

/** Between coordinators; what is told may be missed, so that it can only say what to look at. */
export interface JobRelay {
  tell(news: JobNews): void;
  /** `onMissed` is called when news may have been lost. */
  listen(onNews: (news: JobNews) => void, onMissed: () => void): void;
}
