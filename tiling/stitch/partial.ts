import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { HalotileError } from '../errors.js';
import { OUTPUT_CODECS } from '../job/job-spec.js';
import { makeFolder } from '../make-folder.js';
import type { OutputShape } from '../plan/output-shape.js';
import { DTYPES } from '../raster/dtype.js';
import { type FoundOwner, type OutputOwner, outputOwnerSchema } from './output-owner.js';
import { removeFile, removeTree } from './remove-tree.js';

/** Of `job.json` and the ledgers; 1 knew no checksums of placed blocks and none of its own. */
export const PARTIAL_FORMAT = 2;

/**
 * The directory `OUT.partial/` of an unfinished job: `job.json` says which job it is, `epoch-*` hold ledgers
 * and part files, and the file to be where it is put together; `image.tif` is the one whose blocks are written in place, `upload.log` the parts of it that a store has (`upload.log.N` of one object of many, `upload.mark` what says whose they are), `scratch/` holds inputs
 * converted for random access, `epoch-*-tree/` the folder of an output that has one, `map-*.tif` is a map that was made for the job, by a job with a partial directory of its own. `.halotile` is
 * the mark by which the directory is known to be ours; nothing is ever removed from one without it.
 */
export interface PartialJob {
  readonly format: typeof PARTIAL_FORMAT;
  /** SHA-256 over everything that decides the pixels: spec, versions and input fingerprints. */
  readonly digest: string;
  /** Choices of the first run that later runs of the same job must repeat; absent where the output is a table. */
  readonly pinned?: { readonly tileSide: number; readonly block: number; readonly boundedBackend?: string };
  /** How its output is laid out, for previews; absent where it is a table. */
  readonly shape?: OutputShape;
  /** For people: what the job is. */
  readonly about: unknown;
  /** For whom the first run of it was; absent where no coordinator ran it. */
  readonly owner?: OutputOwner;
}

/** Paths inside a partial directory. */
export interface PartialPaths {
  readonly directory: string;
  readonly job: string;
  readonly image: string;
  readonly scratch: string;
  readonly mark: string;
}

const MARK_TEXT = 'An unfinished output of halotile: the same command continues it, --restart discards it.\n';
/** How releases without a mark began their `job.json`. */
const OWN_JOB = /^\{\s*"format": 1,\s*"digest": "[0-9a-f]{64}"/;
/** What a job makes in its directory, beside the mark. */
const OWN_ENTRY =
  /^(?:job\.json(?:\.new)?|image\.tif|upload\.(?:log(?:\.\d+)?|mark)|scratch|epoch-\d{6,}(?:-tree)?|(?:map|first)-[0-9a-f]{16}\.tif(?:\.partial)?)$/;

/** The partial directory that belongs to an output path. */
export function partialPaths(output: string): PartialPaths {
  const directory = join(dirname(output), `${basename(output)}.partial`);
  return {
    directory,
    job: join(directory, 'job.json'),
    image: join(directory, 'image.tif'),
    scratch: join(directory, 'scratch'),
    mark: join(directory, '.halotile'),
  };
}

/** The digest of a job: SHA-256 of its JSON with keys in order, byte arrays as hexadecimal. */
export function jobDigest(identity: unknown): string {
  return createHash('sha256').update(canonicalJson(identity)).digest('hex');
}

const side = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31);
const index = z.number().int().min(0);
const size = { width: side, height: side };
const grid = { across: side, down: side };

const jobSchema = z.object({
  format: z.literal(PARTIAL_FORMAT),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  pinned: z
    .object({
      tileSide: z.number().int().min(16).max(32768),
      block: z.number().int().min(16).max(4096).multipleOf(16),
      boundedBackend: z.string().optional(),
    })
    .optional(),
  shape: z
    .looseObject({
      block: side,
      levels: z.array(z.object({ ...size, ...grid })).min(1),
      stages: z.array(
        z.looseObject({
          kind: z.enum(['reduce', 'filter', 'overview']),
          size: z.object(size),
          base: index,
          levels: z.array(index),
          tileSide: side,
          tileWidth: side.optional(),
          ...grid,
        }),
      ),
      encoding: z.looseObject({ codec: z.enum(OUTPUT_CODECS), predictor: z.literal([1, 2, 3]) }),
      output: z.looseObject({ ...size, channels: side, dtype: z.enum(DTYPES) }),
    })
    .optional(),
  owner: outputOwnerSchema.optional(),
});

/** What releases wrote whose ledgers are not understood any more. */
const EARLIER_JOB = z.object({ format: z.literal(1), digest: z.string() });

/** The largest `job.json` that is read; the specification of a job in it is far smaller. */
const MAX_JOB_BYTES = 64 << 20;

/**
 * The job that a partial directory belongs to; undefined where there is none, or nothing that holds: a description that
 * is damaged, or anything that is no file or folder where a job has one. No link is followed.
 * @throws partial-conflict where another release wrote it
 */
export function readPartialJob(paths: PartialPaths): PartialJob | undefined {
  const content = readDescription(paths);
  if (EARLIER_JOB.safeParse(content).success) {
    throw new HalotileError('partial-conflict', {
      what: 'an unfinished job of an earlier release is in the way, which this one cannot continue',
      file: paths.directory,
      remedy: 'use --restart to discard it, or another output',
    });
  }
  return soundJob(content);
}

/** Whose a partial directory is; every release's directories have one, or none. */
export function partialOwner(paths: PartialPaths): FoundOwner {
  const content = readDescription(paths);
  if (EARLIER_JOB.safeParse(content).success) return null;
  const job = soundJob(content);
  return job && (job.owner ?? null);
}

/** What stands in `job.json`, unchecked. */
function readDescription(paths: PartialPaths): object | undefined {
  if (!isWhole(paths)) return undefined;
  try {
    return { ...JSON.parse(readFileSync(paths.job, 'utf8')) };
  } catch {
    return undefined;
  }
}

function soundJob(content: object | undefined): PartialJob | undefined {
  if (content === undefined) return undefined;
  const { crc, ...job } = content as PartialJob & { readonly crc?: unknown };
  return crc === checksumOf(job) && jobSchema.safeParse(job).success ? job : undefined;
}

/** Whether what a job makes in its directory is made of files and folders, as far as it is there. */
function isWhole(paths: PartialPaths): boolean {
  const stat = lstatSync(paths.job, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > MAX_JOB_BYTES) return false;
  return readdirSync(paths.directory, { withFileTypes: true }).every((entry) => {
    if (!OWN_ENTRY.test(entry.name)) return true;
    if (/^(?:job|image|upload)/.test(entry.name)) return entry.isFile();
    if (/^(?:map|first)-/.test(entry.name)) return entry.name.endsWith('.tif') ? entry.isFile() : entry.isDirectory();
    if (entry.name.endsWith('-tree')) return entry.isDirectory();
    const inside = join(paths.directory, entry.name);
    return entry.isDirectory() && readdirSync(inside, { withFileTypes: true }).every((file) => file.isFile());
  });
}

/** Of a job as JSON has it. */
function checksumOf(job: object): string {
  return crc32(canonicalJson(JSON.parse(JSON.stringify(job)))).toString(16);
}

function inTheWay(paths: PartialPaths): HalotileError {
  return new HalotileError('partial-conflict', {
    what: 'an unfinished job with other inputs or options is in the way',
    file: paths.directory,
    expected: 'the same job, which would continue',
    remedy: 'use --restart to discard it, or another output',
  });
}

/**
 * Writes into an open partial directory which job it is of, or checks that it is of the same job.
 * @throws partial-conflict where it belongs to another job
 */
export function claimPartial(paths: PartialPaths, job: PartialJob): void {
  const existing = readPartialJob(paths);
  if (existing !== undefined && existing.digest !== job.digest) throw inTheWay(paths);
  if (existing !== undefined) return;
  const temporary = `${paths.job}.new`;
  if (lstatSync(temporary, { throwIfNoEntry: false })) rmSync(temporary);
  writeFileSync(temporary, `${JSON.stringify({ ...job, crc: checksumOf(job) }, undefined, 2)}\n`, { flag: 'wx' });
  renameSync(temporary, paths.job);
}

/**
 * Makes a partial directory with its mark, where there is none.
 * @returns whether it is new, with nothing in it but the mark
 * @throws partial-conflict where something is in its place that halotile did not make
 */
export function openPartial(paths: PartialPaths): boolean {
  const there = lstatSync(paths.directory, { throwIfNoEntry: false });
  if (there !== undefined && !isOwn(paths, there)) {
    throw new HalotileError('partial-conflict', {
      what: 'something that halotile did not make is where the unfinished output would be',
      file: paths.directory,
      remedy: 'move it away, or choose another output',
    });
  }
  if (there === undefined) makeFolder(paths.directory);
  if (there === undefined || !existsSync(paths.mark)) writeFileSync(paths.mark, MARK_TEXT);
  return there === undefined;
}

/**
 * Removes what halotile has made in an open partial directory, all but the mark. The file that says which job it is
 * goes first: whatever a death on the way leaves is no job's. What other jobs make for this one under names in `keep`, finished
 * or not, stays.
 */
export async function clearPartial(paths: PartialPaths, ...keep: readonly (string | undefined)[]): Promise<void> {
  await removeFile(paths.job);
  const kept = new Set(keep.flatMap((name) => (name === undefined ? [] : [name, `${name}.partial`])));
  const own = readdirSync(paths.directory).filter((name) => OWN_ENTRY.test(name) && !kept.has(name));
  await Promise.all(own.map((name) => removeTree(join(paths.directory, name))));
}

/** Removes an open partial directory; what somebody else has put there stays. */
export async function removePartial(paths: PartialPaths): Promise<void> {
  if (!existsSync(paths.directory)) return;
  await clearPartial(paths);
  await removeFile(paths.mark);
  try {
    await rmdir(paths.directory);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw cause;
  }
}

/** Whether nothing in the place of a partial directory is somebody else's. */
function isOwn(paths: PartialPaths, there: Stats): boolean {
  if (!there.isDirectory()) return false;
  const isFile = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
  if (readdirSync(paths.directory).length === 0 || isFile(paths.mark)) return true;
  // Releases before the mark are known by their description of the job.
  return isFile(paths.job) && OWN_JOB.test(readFileSync(paths.job, 'utf8'));
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
