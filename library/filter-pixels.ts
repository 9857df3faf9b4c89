import { badInput } from '../tiling/errors.js';
import { rectOf } from '../tiling/geometry/rect.js';
import type { JobSpecInput } from '../tiling/job/job-spec.js';
import { ANY_SINGLES } from '../tiling/operations/digits.js';
import { chainFiles } from '../tiling/operations/parameter-files.js';
import type { PlanInput } from '../tiling/plan/plan-input.js';
import { preparePlan } from '../tiling/prepare/prepare-plan.js';
import type { BlockSource } from '../tiling/raster/block-source.js';
import { memorySource, type Pixels } from '../tiling/sources/memory-source.js';
import { checkModuleApart, largestOf, runInMemory } from '../worker/index.js';
import { parseOperation } from './parse-operation.js';
import { parseJobSpec } from './parse-specs.js';

/** What a chain over pixels in memory needs beside them. */
export interface FilterOptions extends Pick<JobSpecInput, 'mapping' | 'dtype' | 'nodata'> {
  /** The per-pixel radius or sigma of operations by map; one channel. */
  readonly map?: Pixels;
  /** Images that operations name in their parameters, such as `flat-field:flat=NAME`. */
  readonly images?: Readonly<Record<string, Pixels>>;
  /** What the last channel is where it is alpha; averages weight colour by `unassociated` alpha. */
  readonly alpha?: 'none' | 'unassociated' | 'associated';
  /** What the call may take beside its input and output, in MiB; 512 where absent. */
  readonly memoryMiB?: number;
}

/**
 * The tile side of chains without a map: rows of most images in one piece. Narrower ones are copied in and out as many
 * small pieces: with tiles of 512 a 3840×2160 chain of three took 1.4 times as long.
 */
const PREFERRED_TILE = 4096;

/** How messages name the input. */
const IMAGE = 'the image in memory';
const MAP = 'the map in memory';

/**
 * Runs a chain of operations over an image in memory, on the calling thread, with the kernels of a job: the pixels are
 * the same, to within the bound of operations that are no exact ones, as tiles may be larger. The arrays given must not change until the promise settles; they stay the
 * caller's, and so does the result.
 * @param operations as in a job file, or as text after `--op`: `'gaussian:sigma=4'`
 * @throws HalotileError as a job over files of the same content would
 */
export async function filterPixels(
  pixels: Pixels,
  operations: readonly (string | JobSpecInput['operations'][number])[],
  { map, images = {}, alpha = 'none', memoryMiB = 512, mapping, dtype, nodata }: FilterOptions = {},
): Promise<Required<Pixels>> {
  const spec = parseJobSpec({
    image: IMAGE,
    ...(map && { map: MAP }),
    output: 'memory',
    operations: operations.map((operation) => (typeof operation === 'string' ? parseOperation(operation) : operation)),
    compression: { codec: 'none' },
    overviews: false,
    mapping,
    dtype,
    nodata,
  });
  const image = memorySource(IMAGE, pixels, { alpha });
  const mapSource = map && memorySource(MAP, map);
  const extras = Object.fromEntries(
    chainFiles(spec.operations, 'image').map((name) => [name, imageNamed(name, images)]),
  );
  const inputs = {
    image: { plan: planInput(IMAGE, image) },
    map: mapSource && { plan: planInput(MAP, mapSource), source: { kind: 'file', path: MAP } as const },
    extras: Object.entries(extras).map(([name, source]) => ({ plan: planInput(name, source) })),
  };
  const memoryBytes = memoryMiB * 2 ** 20;
  // Windows that the map decides are better off with tiles that the cache holds.
  const machine = { threads: 1, memoryBytes, halosOnly: true, ...(!map && { preferredTile: PREFERRED_TILE }) };
  const plan = await preparePlan(spec, inputs, machine, {
    slots: 1,
    largest: async () => largestOf(map!.samples, rectOf(map!), { name: MAP, mapping: spec.mapping }),
    bitsOf: async () => ANY_SINGLES,
    shapeOf: ({ bytes, file }) => checkModuleApart(bytes, file),
  });
  const sources = { image, map: mapSource, extras };
  return runInMemory(plan, sources, { nowMs: () => performance.now(), memoryBytes });
}

function planInput(path: string, { info, layout }: BlockSource): PlanInput {
  return { path, info, layout };
}

function imageNamed(name: string, images: Readonly<Record<string, Pixels>>): BlockSource {
  const pixels = Object.hasOwn(images, name) ? images[name] : undefined;
  if (pixels !== undefined) return memorySource(name, pixels);
  throw badInput({
    what: `an operation names the image '${name}'`,
    expected: 'it among the images that were given',
    remedy: `pass images: { '${name}': … }`,
  });
}
