export { ROLES, type Role, type TokenEntry, tokensSchema } from './api/auth.js';
export { Coordinator, type CoordinatorOptions } from './coordinator.js';
export type { DatasetProgress } from './dataset/dataset-counts.js';
export { refuseFrameOverwrites } from './dataset/dataset-files.js';
export { findFrames } from './dataset/find-frames.js';
export { REPORT_FILES } from './dataset/frame-list.js';
export type { DatasetResult } from './dataset/report.js';
export { type DatasetRun, runDataset } from './dataset/run-dataset.js';
export type { JobResult } from './job-result.js';
export { checkedOutput, refuseOverwrites } from './output-place.js';
export {
  halotileVersion,
  type PreparedInputs,
  prepareInputs,
  prepareOptions,
  preparePlan,
  questionsTo,
  sourcesOf,
} from './prepare-job.js';
export { publishOutput } from './publish-output.js';
export type { JobClaim, JobQueue, JobSubmission, QueuedJob } from './queue/job-queue.js';
export { type JobRun, runJob } from './run-job.js';
export type { JobProgress } from './running-job.js';
export { DEFAULT_LIMITS, type SchedulerLimits } from './scheduler/events.js';
