export type { DatasetProgress } from './dataset/dataset-counts.js';
export type { PaletteJobResult } from './dataset/report.js';
export { type PaletteRun, runPaletteJob } from './dataset/run-palette-job.js';
export type { JobResult } from './job-result.js';
export { prepareInputs, prepareOptions, preparePlan } from './prepare-job.js';
export { type JobRun, runJob } from './run-job.js';
export type { JobProgress } from './running-job.js';
