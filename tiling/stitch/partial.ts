import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HalotileError } from '../errors.js';
import type { OutputShape } from './output-shape.js';

/**
 * The directory `OUT.partial/` of an unfinished job: `job.json` says which job it is, `epoch-*` hold ledgers
 * and part files, `image.tif` is the file to be, `scratch/` holds inputs converted for random access.
 */
export interface PartialJob {
  readonly format: 1;
  /** SHA-256 over everything that decides the pixels: spec, versions and input fingerprints. */
  readonly digest: string;
  /** Choices of the first run that later runs of the same job must repeat. */
  readonly pinned: { readonly tile: number; readonly block: number; readonly boundedBackend?: string };
  /** How its output is laid out, for previews. */
  readonly shape: OutputShape;
  /** For people: what the job is. */
  readonly about: unknown;
}

/** Paths inside a partial directory. */
export interface PartialPaths {
  readonly directory: string;
  readonly job: string;
  readonly image: string;
  readonly scratch: string;
}

/** The partial directory that belongs to an output path. */
export function partialPaths(output: string): PartialPaths {
  const directory = join(dirname(output), `${basename(output)}.partial`);
  return {
    directory,
    job: join(directory, 'job.json'),
    image: join(directory, 'image.tif'),
    scratch: join(directory, 'scratch'),
  };
}

/** The digest of a job: SHA-256 of its JSON with keys in order, byte arrays as hexadecimal. */
export function jobDigest(identity: unknown): string {
  return createHash('sha256').update(canonicalJson(identity)).digest('hex');
}

/** The job that a partial directory belongs to; undefined where there is none or it never got that far. */
export function readPartialJob(paths: PartialPaths): PartialJob | undefined {
  if (!existsSync(paths.job)) return undefined;
  return JSON.parse(readFileSync(paths.job, 'utf8')) as PartialJob;
}

/**
 * Makes the partial directory of a job, or checks that an existing one is of the same job.
 * @throws partial-conflict where it belongs to another job
 */
export function claimPartial(paths: PartialPaths, job: PartialJob): void {
  const existing = readPartialJob(paths);
  if (existing !== undefined && (existing.digest !== job.digest || existing.format !== job.format)) {
    throw new HalotileError('partial-conflict', {
      what: 'an unfinished job with other inputs or options is in the way',
      where: paths.directory,
      expected: 'the same job, which would continue',
      remedy: 'use --restart to discard it, or another output',
    });
  }
  mkdirSync(paths.directory, { recursive: true });
  if (existing !== undefined) return;
  const temporary = `${paths.job}.new`;
  writeFileSync(temporary, `${JSON.stringify(job, undefined, 2)}\n`);
  renameSync(temporary, paths.job);
}

/**
 * Removes a partial directory with everything in it. The file that says which job it is goes first: whatever a
 * death on the way leaves is nobody's.
 */
export function removePartial(paths: PartialPaths): void {
  rmSync(paths.job, { force: true });
  rmSync(paths.directory, { recursive: true, force: true });
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => {
    if (entry instanceof Uint8Array) return Buffer.from(entry).toString('hex');
    if (typeof entry === 'number' && !Number.isFinite(entry)) return String(entry);
    if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) {
      return Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    return entry;
  });
}
