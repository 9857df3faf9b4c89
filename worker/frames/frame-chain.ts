import { cellCount, cellRect, gridOf } from '../../tiling/geometry/grid.js';
import type { Rect } from '../../tiling/geometry/rect.js';
import { type ImageChain, imageJobOf } from '../../tiling/job/dataset-spec.js';
import type { Carries } from '../../tiling/job/execution.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { makePlan } from '../../tiling/plan/make-plan.js';
import { plannedMapMax } from '../../tiling/plan/map-max.js';
import { mappedValue } from '../../tiling/plan/mapping.js';
import { chainTypes } from '../../tiling/plan/memory.js';
import { extraPaths, readParameterFile } from '../../tiling/plan/parameter-files.js';
import type { Plan, StagePlan } from '../../tiling/plan/plan.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { allocateSamples } from '../../tiling/raster/dtype.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { openBackend } from '../kernels/open-backend.js';
import { PARTIALS } from '../kernels/reference/index.js';
import { refusal } from '../kernels/reference/map-values.js';
import type { ChainInputs } from '../tile/open-job.js';
import { converted, runChain } from '../tile/run-chain.js';
import { Tally } from '../tile/tally.js';
import { layoutOf, type Picture, readHead, readPicture, sourceOf } from './picture.js';

/** What a frame's tiles may take: frames are small, and threads many. */
const MACHINE = { threads: 1, memoryBytes: 512 * 2 ** 20 };

let backend: ReturnType<typeof openBackend> | undefined;
/** The backend's memory holds one tile at a time. */
let busy: Promise<unknown> = Promise.resolve();

/**
 * A held image after its chain, as an image job would give it, without a file between: the same plan, tiles and
 * kernels. Calls wait for each other.
 * @throws HalotileError as the image job would
 */
export function runFrameChain(chain: ImageChain, image: Picture, map: Picture | undefined): Promise<Picture> {
  const done = busy.then(() => filtered(chain, image, map));
  busy = done.catch(() => {});
  return done;
}

async function filtered(chain: ImageChain, image: Picture, map: Picture | undefined): Promise<Picture> {
  const spec = imageJobOf(chain, { image: image.path, map: map?.path, output: '' });
  const extras = await readExtras(spec);
  const inputOf = (picture: Picture) => ({
    path: picture.path,
    info: picture.info,
    layout: layoutOf(picture.info),
  });
  const byMap = resolveOperations(spec).filter((operation) => operation.byMap);
  const scanned = map === undefined || byMap.length === 0 ? undefined : largestValue(map, chain.mapping);
  let plan = makePlan(
    spec,
    {
      image: inputOf(image),
      map: map === undefined ? undefined : inputOf(map),
      extras: extras.map(inputOf),
      scannedMax: scanned === undefined ? undefined : plannedMapMax(byMap, scanned),
      readFile: readParameterFile,
    },
    MACHINE,
  );
  backend ??= openBackend('wasm');
  const readerOf = (picture: Picture) => new RasterReader(sourceOf(picture), null, () => 0);
  const inputs: Omit<ChainInputs, 'plan'> = {
    backend,
    job: {},
    image: readerOf(image),
    map: map === undefined ? undefined : readerOf(map),
    extras: Object.fromEntries(extras.map((extra) => [extra.path, readerOf(extra)])),
  };
  for (const stage of plan.stages) {
    if (stage.kind === 'reduce') plan = await reduced({ ...inputs, plan }, stage);
  }
  const stage = plan.stages.find(({ kind }) => kind === 'filter')!;
  return { path: image.path, info: plan.output, samples: await allTiles({ ...inputs, plan }, stage) };
}

/** The images that operations name in their parameters. */
async function readExtras(spec: JobSpec): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const path of extraPaths(spec)) pictures.push(await readPicture(path, (await readHead(path)).isTiff));
  return pictures;
}

function largestValue({ path, info, samples }: Picture, mapping: ImageChain['mapping']): number {
  let max = 0;
  for (let pixel = 0; pixel < info.width * info.height; pixel++) {
    const sample = samples[pixel * info.channels]!;
    const value = mappedValue(mapping, sample);
    if (value === undefined) {
      throw refusal(sample, `${path}: map pixel ${pixel % info.width},${Math.floor(pixel / info.width)}`, mapping);
    }
    if (value > max) max = value;
  }
  return max;
}

/** One pass of a reduction over the frame's tiles. */
async function reduced(open: ChainInputs, stage: StagePlan): Promise<Plan> {
  const { plan } = open;
  const index = stage.operation!;
  const operation = plan.operations[index]!;
  const { merge, complete } = OPERATIONS[operation.name]!.reduction!;
  const { dtype, alpha, nodata } = chainTypes(plan.operations, plan.image)[index]!;
  let merged: unknown;
  for (const tile of tilesOf(stage)) {
    open.backend.memory.reset(plan.memory.linearBytes);
    const operations = plan.operations.slice(0, index);
    const { raster } = await runChain(open, { operations, tile }, new Tally(() => 0));
    const partial = PARTIALS[operation.name]!(raster, operation, { image: stage.size, alpha, nodata });
    merged = merged === undefined ? partial : merge(merged, partial);
  }
  return { ...plan, operations: plan.operations.with(index, complete(operation, dtype, merged)) };
}

async function allTiles(open: ChainInputs, stage: StagePlan): Promise<Picture['samples']> {
  const { operations, output, memory } = open.plan;
  const samples = allocateSamples(output.dtype, output.width * output.height * output.channels);
  const tiles = tilesOf(stage);
  let carries: Carries | undefined;
  for (const [index, tile] of tiles.entries()) {
    open.backend.memory.reset(memory.linearBytes);
    const atRowStart = index % stage.across === 0;
    const next = (index + 1) % stage.across === 0 ? undefined : tiles[index + 1];
    const run = { operations, tile, next, carries: atRowStart ? undefined : carries };
    const result = await runChain(open, run, new Tally(() => 0));
    carries = result.carries;
    const raster = converted(open, result.raster, output.dtype);
    const rowSamples = tile.width * output.channels;
    for (let row = 0; row < tile.height; row++) {
      const at = ((tile.y + row) * output.width + tile.x) * output.channels;
      samples.set(raster.samples.subarray(row * raster.stride, row * raster.stride + rowSamples), at);
    }
  }
  return samples;
}

function tilesOf({ size, tile }: StagePlan): Rect[] {
  const grid = gridOf(size, { width: tile, height: tile });
  return Array.from({ length: cellCount(grid) }, (_, index) => cellRect(grid, index));
}
