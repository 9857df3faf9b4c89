import type { JobSpec } from '../job/job-spec.js';
import { chainFiles } from '../operations/parameter-files.js';
import { takesValues } from '../plan/job-images.js';
import { CACHE_SHARE } from '../plan/make-plan.js';
import type { PlanInput, PlanMachine } from '../plan/plan-input.js';
import { openMask } from '../sources/open-mask.js';
import { openRaster, type Wanted } from '../sources/open-raster.js';
import type { TiffFileSource } from '../sources/tiff-file-source.js';
import { type Said, unreadSidecars } from '../sources/unread-sidecars.js';
import type { SourceRef } from '../work/references.js';
import type { InputName, WorkInput } from '../work/work-job.js';

/** The rasters of a job, by what they are to it. */
export interface JobRasters<R> {
  readonly image: R;
  /** The mask inside the image's file; absent where it has none or the job ignores it. */
  readonly mask?: R;
  readonly map?: R;
  /** Images that operations name in their parameters. */
  readonly extras: readonly R[];
}

/** One input of a job as a plan is made with it, and where its tiles find it. */
export interface PreparedInput {
  readonly plan: PlanInput;
  readonly source: SourceRef;
}

/** A job's inputs, opened far enough to plan with. */
export type PreparedInputs = JobRasters<PreparedInput>;

/** An input that stays open. */
export interface OpenedInput extends PreparedInput {
  readonly opened: TiffFileSource;
}

/** Where inputs without random access are converted to. */
export interface PrepareOptions {
  readonly scratchDirectory: string;
  /** A larger block is not decoded again and again for each tile, but converted once. */
  readonly maxBlockBytes: number;
  /** Decoded blocks that may be kept; striped compressed files wider than that are converted once too. */
  readonly cacheBytes: number;
}

/** Share of the memory that one decoded block may take before its file is converted instead. */
const MAX_BLOCK_SHARE = 1 / 64;

/** What a machine's memory means for opening inputs. */
export function prepareOptions({ memoryBytes }: PlanMachine, scratchDirectory: string): PrepareOptions {
  return { scratchDirectory, maxBlockBytes: memoryBytes * MAX_BLOCK_SHARE, cacheBytes: memoryBytes * CACHE_SHARE };
}

/** The rasters of a job with their names among its inputs; extras by the path that operations name. */
export function namedRasters<R extends { readonly plan: PlanInput }>({
  image,
  mask,
  map,
  extras,
}: JobRasters<R>): (readonly [InputName, R])[] {
  return [
    ['image', image],
    ...(mask === undefined ? [] : [['mask', mask] as const]),
    ...(map === undefined ? [] : [['map', map] as const]),
    ...extras.map((extra) => [`extra:${extra.plan.path}`, extra] as const),
  ];
}

/** What is odd about a job's inputs and does not keep it from reading them, a sentence each with the file's name. */
export function warningsOf(inputs: JobRasters<Pick<PreparedInput, 'plan'>>): string[] {
  return namedRasters(inputs).flatMap(([, { plan }]) => plan.warnings ?? []);
}

/** Where tiles find a job's inputs. */
export function sourcesOf(inputs: PreparedInputs): WorkInput[] {
  return namedRasters(inputs).map(([name, { source }]) => ({ name, source }));
}

/** Opens and checks the inputs of a job, and closes them again. */
export async function prepareInputs(spec: JobSpec, options: PrepareOptions): Promise<PreparedInputs> {
  const inputs = await openInputs(spec, options);
  for (const [, { opened }] of namedRasters(inputs)) opened.close();
  const prepared = ({ plan, source }: OpenedInput): PreparedInput => ({ plan, source });
  const { image, mask, map, extras } = inputs;
  return {
    image: prepared(image),
    mask: mask && prepared(mask),
    map: map && prepared(map),
    extras: extras.map(prepared),
  };
}

/**
 * Opens and checks the inputs of a job; the caller closes them.
 * @throws bad-input for one that is damaged or of a kind that cannot be read; none is open then
 */
export async function openInputs(spec: JobSpec, options: PrepareOptions): Promise<JobRasters<OpenedInput>> {
  const open: OpenedInput[] = [];
  const kept = <I extends OpenedInput | undefined>(input: I): I => {
    if (input !== undefined) open.push(input);
    return input;
  };
  try {
    const image = kept(await openImage(spec, options));
    const mask = spec.mask === 'ignore' ? undefined : kept(await openMaskOf(image, spec, options));
    const map = spec.map === undefined ? undefined : kept(await openInput(spec.map, options, VALUES));
    const extras: OpenedInput[] = [];
    for (const path of chainFiles(spec.operations, 'image')) extras.push(kept(await openInput(path, options, VALUES)));
    return { image, mask, map, extras };
  } catch (error) {
    for (const { opened } of open) opened.close();
    throw error;
  }
}

/** Of maps, and of images that others are combined with. */
const VALUES = { wide: 'float32' } as const;

/** The image of a job. Integers of 32 bits are labels to operations that take labels, and values to all others. */
function openImage(
  { image, page, orient, colour, operations, mask, nodata }: JobSpec,
  options: PrepareOptions,
): Promise<OpenedInput> {
  const wanted = { page, orient, colour, ...(takesValues(operations) && VALUES) };
  return openInput(image, options, wanted, { mask: mask === 'ignore', nodata: nodata !== undefined });
}

async function openInput(
  path: string,
  options: PrepareOptions,
  wanted: Wanted,
  said: Said = { place: true },
): Promise<OpenedInput> {
  const opened = await openRaster(path, options, wanted);
  const { info, layout, name, directory } = opened;
  const warnings = [...opened.warnings, ...unreadSidecars(path, info, said)];
  // Whoever opens it again reads the same type.
  const told = wanted.wide === undefined || layout.stored === undefined ? {} : { info };
  return { plan: { path, info, layout, warnings }, source: { kind: 'file', path: name, directory, ...told }, opened };
}

async function openMaskOf(
  { plan: { path, info: image }, opened: source }: OpenedInput,
  { page, orient }: Pick<JobSpec, 'page' | 'orient'>,
  options: PrepareOptions,
): Promise<OpenedInput | undefined> {
  const { width, height } = image;
  const directory = source.directory ?? (page === undefined ? undefined : page - 1);
  const mask = await openMask(path, { width, height, directory, orient, opened: source }, options);
  if (mask === undefined) return undefined;
  const { source: opened, directory: own } = mask;
  const { info, layout, name } = opened;
  return { plan: { path, info, layout }, source: { kind: 'file', path: name, directory: own }, opened };
}
