export type { JobResult } from './job-result.js';
export { prepareInputs, preparePlan } from './prepare-job.js';
export { type JobRun, runJob } from './run-job.js';
export type { JobProgress } from './running-job.js';
