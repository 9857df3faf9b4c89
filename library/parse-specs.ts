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
export function parseJobSpec(candidate: unknown, where?: string): JobSpec {
  return parsed(jobSpecSchema, candidate, { job: 'the job', where });
}

/**
 * A dataset job from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseDatasetSpec(candidate: unknown, where?: string): DatasetSpec {
  return parsed(datasetSpecSchema, candidate, { job: 'the dataset job', where });
}

/**
 * A job over many images from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseCollectionSpec(candidate: unknown, where?: string): CollectionSpec {
  return parsed(collectionSpecSchema, candidate, { job: 'the job over many images', where });
}

function parsed<S extends z.ZodType>(
  schema: S,
  candidate: unknown,
  { job, where }: { readonly job: string; readonly where: string | undefined },
): z.output<S> {
  const result = schema.safeParse(candidate);
  if (result.success) return result.data;
  const { what, ...rest } = specIssue(result.error, schema, candidate);
  throw badUsage({ what: `${job} is not valid: ${what}`, where, ...rest });
}

/**
 * A job of any kind from anything that should be one.
 * @throws bad-usage naming the first field that is wrong
 */
export function parseAnySpec(candidate: unknown, where?: string): AnyJobSpec {
  const kind = kindOfDocument(candidate);
  if (kind === 'image') return parseJobSpec(candidate, where);
  return kind === 'dataset' ? parseDatasetSpec(candidate, where) : parseCollectionSpec(candidate, where);
}
