import type { z } from 'zod';
import { badUsage } from '../tiling/errors.js';
import {
  type AnyJobSpec,
  type CollectionSpec,
  collectionSpecSchema,
  kindOfDocument,
} from '../tiling/job/collection-spec.js';
import { type DatasetSpec, datasetSpecSchema } from '../tiling/job/dataset-spec.js';
import { type JobSpec, jobSpecSchema } from '../tiling/job/job-spec.js';
import { specIssue } from '../tiling/job/spec-issue.js';

/**
 * A job from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseJobSpec(candidate: unknown, file?: string): JobSpec {
  return parsed(jobSpecSchema, candidate, { job: 'the job', file });
}

/**
 * A dataset job from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseDatasetSpec(candidate: unknown, file?: string): DatasetSpec {
  return parsed(datasetSpecSchema, candidate, { job: 'the dataset job', file });
}

/**
 * A job over many images from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseCollectionSpec(candidate: unknown, file?: string): CollectionSpec {
  return parsed(collectionSpecSchema, candidate, { job: 'the job over many images', file });
}

function parsed<S extends z.ZodType>(
  schema: S,
  candidate: unknown,
  { job, file }: { readonly job: string; readonly file: string | undefined },
): z.output<S> {
  const result = schema.safeParse(candidate);
  if (result.success) return result.data;
  const { what, ...rest } = specIssue(result.error, schema, candidate);
  throw badUsage({ what: `${job} is not valid: ${what}`, file, ...rest });
}

/**
 * A job of any kind from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseAnySpec(candidate: unknown, file?: string): AnyJobSpec {
  const kind = kindOfDocument(candidate);
  if (kind === 'image') return parseJobSpec(candidate, file);
  return kind === 'dataset' ? parseDatasetSpec(candidate, file) : parseCollectionSpec(candidate, file);
}
