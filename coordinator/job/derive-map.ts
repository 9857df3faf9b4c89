import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mapJobOf, withMap } from '../../tiling/job/derived-map.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { type ChainSplit, firstJobOf } from '../../tiling/job/split-job.js';
import type { SeenFile } from '../../tiling/sources/fingerprint.js';
import type { PartialPaths } from '../../tiling/stitch/partial.js';
import { digestOf } from './prepare-job.js';

/** Digits of a digest that tell the maps of one output apart. */
const DIGEST_DIGITS = 16;

/** How a job's own map is called in its partial directory; undefined where its map is a file as it is. */
export function derivedMapName(spec: JobSpec, files: readonly SeenFile[]): string | undefined {
  const job = mapJobOf(spec, '/map.tif');
  if (job === undefined) return undefined;
  // What the job does with its map does not matter: another radius finds the same one.
  return `map-${digestOf(job, files).slice(0, DIGEST_DIGITS)}.tif`;
}

/**
 * The job with its map, which is made in the partial directory by a job of its own: whole or not there, and continued
 * where it was left. The job itself where its map is a file as it is.
 */
export async function deriveMap(
  spec: JobSpec,
  { directory }: PartialPaths,
  name: string | undefined,
  run: (job: JobSpec) => Promise<unknown>,
): Promise<JobSpec> {
  if (name === undefined) return spec;
  const output = join(directory, name);
  if (!existsSync(output)) await run(mapJobOf(spec, output)!);
  return withMap(spec, output);
}

/** How the result of a chain's first operations is called there, where they have a job of their own. */
export function firstResultName(spec: JobSpec, files: readonly SeenFile[]): string {
  return `first-${digestOf(spec, files).slice(0, DIGEST_DIGITS)}.tif`;
}

/** The file of that result, which is made by a job of its own as a map is. */
export async function makeFirst(
  spec: JobSpec,
  split: ChainSplit,
  { directory }: PartialPaths,
  name: string,
  run: (job: JobSpec) => Promise<unknown>,
): Promise<string> {
  const output = join(directory, name);
  if (!existsSync(output)) await run(firstJobOf(spec, split, output));
  return output;
}
