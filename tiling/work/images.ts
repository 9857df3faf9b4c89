import { z } from 'zod';
import { type ErrorRecord, errorRecordSchema } from '../errors.js';
import type { JobFigures } from '../job/job-figures.js';
import { inputPaths, placeInputs } from '../job/job-inputs.js';
import type { JobSpec } from '../job/job-spec.js';
import type { PlanMachine } from '../plan/plan-input.js';
import { DTYPES } from '../raster/dtype.js';
import type { AskedTask, WorkKind } from './kind.js';
import { type FileRef, type InputPlace, lostPath } from './references.js';

/** Images of one task at most. */
export const IMAGE_BATCH = 32;
/** Of all inputs of one task: larger images are few and take long, so that nobody waits for many of them. */
export const IMAGE_BATCH_BYTES = 2 << 20;

/** What plans are made for where nobody says. */
const ONE_THREAD: PlanMachine = { threads: 1, memoryBytes: 512 * 2 ** 20 };

/** A whole job over one small image. */
export interface ImageJob {
  /** The caller's number of it, which comes back. */
  readonly index: number;
  /** With every default filled in; its output's directory exists. */
  readonly spec: JobSpec;
}

/** Whole jobs over small images, each run to its finished output by one thread, one after the other. */
export interface ImagesData {
  readonly jobs: readonly ImageJob[];
  /**
   * What plans are made for: bounded operations round by tile, so that an output is the one of a job on a machine of
   * these threads and this memory. A thread takes its share of the memory. One thread of 512 MiB where absent.
   */
  readonly machine?: PlanMachine;
}

/** Sentences about one image's inputs. */
export const MAX_WARNINGS = 20;
/** Characters of one of them, which names a file: twice the longest path. */
const MAX_WARNING = 8192;

/** What became of one image. */
export type ImageResult = ImageDone | ImageFailed;

/** An image whose output is written. */
export interface ImageDone {
  readonly index: number;
  readonly figures: JobFigures;
  /** What is odd about its inputs; at most {@link MAX_WARNINGS}. */
  readonly warnings?: readonly string[];
}

/** An image that could not be read, filtered or written, and why; its output is as it was. */
export interface ImageFailed {
  readonly index: number;
  readonly error: ErrorRecord;
}

/** One result for each image of an {@link ImagesData}, in its order. */
export interface ImagesValue {
  readonly results: readonly ImageResult[];
}

/** Runs whole jobs over small images; an image that fails is a result of its own. */
export const images: WorkKind<ImagesData, ImagesValue> = {
  reads: (data) => pathsOf(data).map((path): FileRef => ({ form: 'file', path })),
  placed: imagesPlaced,
  writes: ({ jobs }) => jobs.map(({ spec }) => ({ form: 'file', path: spec.output, optional: true })),
  split: (data) => data.jobs.map((job) => ({ ...data, jobs: [job] })),
  merge: (values) => ({ results: values.flatMap(({ results }) => results) }),
  blame: imageBlamed,
  without: ({ jobs }, error) => ({ results: jobs.map(({ index }) => ({ index, error })) }),
  isValue: isImagesValue,
  memoryBytes: (data) => {
    const { threads, memoryBytes } = planMachineOf(data);
    return memoryBytes / threads;
  },
};

/** What the plans of a task are made for. */
export function planMachineOf({ machine = ONE_THREAD }: ImagesData): PlanMachine {
  return machine;
}

/** Everything that the jobs of a task read, each file once: several images may share a map or a flat field. */
function pathsOf({ jobs }: ImagesData): string[] {
  return [...new Set(jobs.flatMap(({ spec }) => inputPaths(spec)))];
}

function imagesPlaced(data: ImagesData, places: readonly InputPlace[]): ImagesData {
  const files = new Map(pathsOf(data).map((path, position) => [path, pathAt(places[position]!, path)]));
  const jobs = data.jobs.map(({ index, spec }) => ({ index, spec: placeInputs(spec, ({ path }) => files.get(path)!) }));
  return { ...data, jobs };
}

function pathAt(place: InputPlace, path: string): string {
  return place.kind === 'piece' ? place.path : lostPath(path);
}

/** The error of a task of one image that is given up, in the image's name. */
function imageBlamed({ jobs }: ImagesData, { tag, detail }: ErrorRecord): ErrorRecord {
  const [job] = jobs;
  if (jobs.length !== 1) return { tag, detail };
  const remedy = "look at the workers' logs, or leave the image out";
  return { tag, detail: { what: detail.what, file: job!.spec.image, remedy } };
}

const amount = z.number().min(0);
const whole = amount.int();

/** As {@link JobFigures}. */
const figuresSchema = z.object({
  width: whole.min(1),
  height: whole.min(1),
  channels: whole.min(1),
  dtype: z.enum(DTYPES),
  levels: whole.min(1),
  tiles: z.object({ total: whole, side: whole }),
  mapMax: amount,
  halo: z.object({ pixelsRead: whole, pixelsWithMaxHalo: whole, savedShare: z.number() }),
  seconds: z.object({ read: amount, decode: amount, kernel: amount, encode: amount, write: amount }),
  bytes: z.object({ read: whole, written: whole, output: whole }),
  blocksDecoded: z.object({ count: whole, perBlock: amount }),
  device: z.object({ upload: amount, compute: amount, download: amount }).optional(),
  crc: z.string().regex(/^[0-9a-f]{8}$/),
}) satisfies z.ZodType<JobFigures>;

const resultSchema = z.union([
  z.strictObject({
    index: whole,
    figures: figuresSchema,
    warnings: z.array(z.string().max(MAX_WARNING)).max(MAX_WARNINGS).optional(),
  }),
  z.strictObject({ index: whole, error: errorRecordSchema }),
]);
const valueSchema = z.object({ results: z.array(resultSchema) });

/** One result for each image, in the task's order. */
function isImagesValue(value: unknown, { data: { jobs } }: AskedTask<ImagesData>): value is ImagesValue {
  const { data } = valueSchema.safeParse(value);
  return data?.results.length === jobs.length && data.results.every(({ index }, at) => index === jobs[at]!.index);
}
