import { type JobSpec, jobSpecSchema } from './job-spec.js';

/**
 * The job that makes a job's map, where operations are to be run for it: over the map's file, or the image itself where
 * none is named. Undefined where the map is a file as it is.
 */
export function mapJobOf(spec: JobSpec, output: string): JobSpec | undefined {
  const { image, map, mapOperations, tile, block } = spec;
  if (mapOperations === undefined) return undefined;
  return jobSpecSchema.parse({
    ...{ image: map ?? image, output, operations: mapOperations, tile, block },
    ...(map === undefined && {
      page: spec.page,
      orient: spec.orient,
      colour: spec.colour,
      nodata: spec.nodata,
      alpha: spec.alpha,
      mask: spec.mask,
    }),
    compression: { codec: 'none' },
    overviews: false,
  });
}

/** The job with a map that was made for it. */
export function withMap(spec: JobSpec, map: string): JobSpec {
  const { mapOperations: _, ...rest } = spec;
  return { ...rest, map };
}
