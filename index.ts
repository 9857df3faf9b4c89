// The public API, documented in docs/library.md. Everything else may change in any release.

import { readPlaces } from './threads/places/place-reader.js';

export type {
  CollectionFault,
  CollectionProgress,
  CollectionResult,
  DatasetResult,
  JobResult,
} from './coordinator/index.js';
export {
  type CollectionRunOptions,
  type DatasetRunOptions,
  type MachineOptions,
  type MeasureOptions,
  measureLabels,
  planJob,
  previewOutput,
  type RunOptions,
  runCollection,
  runDataset,
  runJob,
} from './library/calls.js';
export type { ClusterCollectionResult } from './library/cluster/cluster-collection.js';
export type { ClusterDatasetResult } from './library/cluster/cluster-dataset.js';
export type { ClusterResult } from './library/cluster/cluster-run.js';
export {
  type AnyJobSpecInput,
  type ClusterCallOptions,
  type ClusterJob,
  type ClusterJobEvent,
  type ClusterJobState,
  type CoordinatorConnection,
  connect,
  type FinishedJob,
} from './library/cluster/connect.js';
export type { SubmitTerms } from './library/cluster/jobs-client.js';
export { type FilterOptions, filterPixels } from './library/filter-pixels.js';
export type { MeasureResult, MeasureSpec } from './library/measure.js';
export type { PlannedJob } from './library/plan-job.js';
export { ERROR_TABLE, type ErrorTag } from './tiling/error-table.js';
export { type ErrorDetail, HalotileError } from './tiling/errors.js';
export { type CollectionSpec, type CollectionSpecInput, collectionSpecSchema } from './tiling/job/collection-spec.js';
export { type DatasetSpec, type DatasetSpecInput, datasetSpecSchema } from './tiling/job/dataset-spec.js';
export type { JobProgress } from './tiling/job/job-progress.js';
export { type JobSpec, type JobSpecInput, jobSpecSchema } from './tiling/job/job-spec.js';
export { OPERATIONS, type OperationDescriptor } from './tiling/operations/index.js';
export type { PlanReport } from './tiling/plan/plan-report.js';
export { type Inspection, inspectFile } from './tiling/sources/inspect.js';
export type { Pixels } from './tiling/sources/memory-source.js';
export type { Preview } from './tiling/stitch/preview.js';
export { type FileName, textOf, type Words } from './tiling/words.js';

// URLs among the names of inputs are read as files are.
readPlaces();
