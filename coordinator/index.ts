export { ROLES, type Role, type TokenEntry, tokensSchema } from './api/auth.js';
export { Coordinator, type CoordinatorOptions } from './coordinator.js';
export type { DatasetProgress } from './dataset/dataset-counts.js';
export { refuseFrameOverwrites } from './dataset/frames/dataset-files.js';
export { findFrames } from './dataset/frames/find-frames.js';
export { REPORT_FILES } from './dataset/frames/frame-list.js';
export type { DatasetResult } from './dataset/report/report.js';
export { type DatasetRun, runDataset } from './dataset/run-dataset.js';
export type { JobResult } from './job/job-result.js';
export { checkedOutput, refuseOverwrites } from './job/output-place.js';
export {
  halotileVersion,
  type PreparedInputs,
  prepareInputs,
  prepareOptions,
  preparePlan,
  questionsTo,
  sourcesOf,
} from './job/prepare-job.js';
export { publishOutput } from './job/publish-output.js';
export { type JobRun, runJob } from './job/run-job.js';
export type { JobProgress } from './job/running-job.js';
export type { JobClaim, JobQueue, JobSubmission, QueuedJob } from './queue/job-queue.js';
export { DEFAULT_LIMITS, type SchedulerLimits } from './scheduler/events.js';
