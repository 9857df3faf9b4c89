export { ageOrTime, STATES, stateOf } from './job-filters.js';
export { eventJson, eventLine, JOB_HEADER, jobJson, jobLine } from './job-lines.js';
export { timeText } from './table.js';
export { watchJobs } from './watch-jobs.js';
export { WORKER_HEADER, workerJson, workerLines } from './worker-lines.js';
