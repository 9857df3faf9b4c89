import { type JobSpec, jobSpecSchema } from './job-spec.js';

/** Which operations of a job come first, and whether they and the others read its map. */
export interface ChainSplit {
  /** How many operations come first. */
  readonly count: number;
  readonly firstByMap: boolean;
  readonly restByMap: boolean;
}

/** The job of a chain's first operations, whose whole result the others read. */
export function firstJobOf(spec: JobSpec, { count, firstByMap }: ChainSplit, output: string): JobSpec {
  const { image, page, orient, colour, map, mapping, nodata, alpha, mask, halo, tile, block } = spec;
  return jobSpecSchema.parse({
    ...{ image, page, orient, colour, mapping, nodata, alpha, mask, halo, tile, block, output },
    ...(firstByMap && { map }),
    operations: spec.operations.slice(0, count),
    compression: { codec: 'none' },
    overviews: false,
  });
}

/** The job of the other operations over that result, which carries what the first job was told of the image. */
export function restJobOf(spec: JobSpec, { count, restByMap }: ChainSplit, image: string): JobSpec {
  const { page: _, orient: __, colour: ___, nodata: ____, map, ...rest } = spec;
  const operations = spec.operations.slice(count);
  return { ...rest, ...(restByMap && { map }), image, orient: 'as-stored', colour: 'as-stored', operations };
}
