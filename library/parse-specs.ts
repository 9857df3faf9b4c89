import { badUsage } from '../tiling/errors.js';
import { type CollectionSpec, collectionSpecSchema } from '../tiling/job/collection-spec.js';
import { type DatasetSpec, datasetSpecSchema } from '../tiling/job/dataset-spec.js';
import { type JobSpec, jobSpecSchema } from '../tiling/job/job-spec.js';
import { firstIssue } from '../tiling/plan/resolve-operations.js';

/**
 * A job from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseJobSpec(candidate: unknown, where?: string): JobSpec {
  const parsed = jobSpecSchema.safeParse(candidate);
  if (parsed.success) return parsed.data;
  throw badUsage({ what: `the job is not valid: ${firstIssue(parsed.error)}`, where });
}

/**
 * A dataset job from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseDatasetSpec(candidate: unknown, where?: string): DatasetSpec {
  const parsed = datasetSpecSchema.safeParse(candidate);
  if (parsed.success) return parsed.data;
  throw badUsage({ what: `the dataset job is not valid: ${firstIssue(parsed.error)}`, where });
}

/**
 * A job over many images from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseCollectionSpec(candidate: unknown, where?: string): CollectionSpec {
  const parsed = collectionSpecSchema.safeParse(candidate);
  if (parsed.success) return parsed.data;
  throw badUsage({ what: `the job over many images is not valid: ${firstIssue(parsed.error)}`, where });
}
