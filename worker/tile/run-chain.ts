import { area, intersect, type Rect, rectOf } from '../../tiling/geometry/rect.js';
import { radiusOf } from '../../tiling/operations/box.js';
import { cornersOf, takesCorners } from '../../tiling/operations/corners.js';
import { widestSigma } from '../../tiling/operations/gaussian.js';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import { pyramidOf, takesGrids } from '../../tiling/operations/pyramid.js';
import { type ChainLink, couplingOf, linkChain } from '../../tiling/plan/chain.js';
import { chainTypes } from '../../tiling/plan/memory.js';
import { bytesOf, type DType, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import type { Carries } from '../../tiling/work/tiles.js';
import { runApart } from '../kernels/custom/run-apart.js';
import { copyValidity, type KernelContext, partOf, type TileMap, type TileRaster } from '../kernels/kernel.js';
import { sigmasOf } from '../kernels/reference/map-values.js';
import { extendBorder } from '../kernels/reference/samples/extend-border.js';
import { allocate } from './allocate.js';
import { alphaLast } from './alpha-order.js';
import { copyPixels } from './held-pixels.js';
import type { ChainInputs } from './open-job.js';
import { readExtras } from './read-extras.js';
import { readGrids } from './read-grids.js';
import { type ChainRun, RowScan } from './row-scan.js';
import { runBands } from './run-bands.js';
import { runCorners } from './run-corners.js';
import type { Tally } from './tally.js';
import { readValidity, withoutIdle, withValidity } from './validity.js';

/** A tile's pixels after a chain. */
export interface ChainResult {
  readonly raster: TileRaster;
  /** The largest map value' in the rects that the chain asked for. */
  readonly mapMax: number;
  /** What the tile to the right needs, where the chain holds a scan along rows. */
  readonly carries?: Carries;
}

/**
 * Runs a chain for one tile: the tile's own map rect first, then just the image pixels that its radii reach,
 * then one operation after the other in memory. An empty chain reads the tile.
 */
export async function runChain(open: ChainInputs, run: ChainRun, tally: Tally): Promise<ChainResult> {
  const { plan } = open;
  const { operations, tileRect } = run;
  const maps = new Map<Operation, TileMap>();
  // Which operations read corners here, not a halo.
  const cornered = new Set<Operation>();
  // Which read grids of the whole image beside a halo.
  const gridded = new Set<Operation>();
  let mapMax = 0;
  const links = await linkChain(operations, tileRect, plan.image, async (rect, operation) => {
    const map = await readMap(open, operation, rect, tally);
    maps.set(operation, map);
    mapMax = Math.max(mapMax, map.max);
    const reached = plan.halo === 'max' ? plan.mapMaxBound : map.max;
    if (takesCorners(operation, radiusOf(operation, reached))) cornered.add(operation);
    if (takesGrids(operation, map.max)) gridded.add(operation);
    return reached;
  });
  for (const { operation, output } of links) {
    if (operation.byMap) continue;
    if (cornersOf(operation) !== undefined) cornered.add(operation);
    if (pyramidOf(operation) === undefined) continue;
    maps.set(operation, sameSigma(open, output, widestSigma(operation, 0)));
    gridded.add(operation);
  }
  const types = chainTypes(operations, plan.image);
  const begin = open.held?.operations ?? 0;
  const first = links[begin] ?? { window: tileRect, input: tileRect };
  let window = allocate(open, first.window, types[begin]!);
  tally.counts.inputPixels += area(first.input);
  if (open.held === undefined) await readImage(open, window, first.input, tally);
  else copyPixels(open.held.raster, window, first.input);
  window = await readValidity(open, window, first.input, tally);
  if (run.following !== undefined) expectTile(open, run.following, { tile: tileRect, input: first.input });
  const scan = new RowScan(run, plan);
  // Threads of a process without a GPU start sooner without its modules.
  const device = open.device === undefined ? undefined : await import('./run-resident.js');
  for (let index = begin; index < links.length; index++) {
    const readsCorners = cornered.has(links[index]!.operation);
    const readsGrids = gridded.has(links[index]!.operation);
    const resident =
      readsCorners || readsGrids
        ? undefined
        : await device?.runResident(open, { links, types, maps, index, window }, tally);
    if (device !== undefined && resident !== undefined) {
      index = resident.next - 1;
      const { output } = resident;
      let following = allocate(open, links[index + 1]?.window ?? tileRect, types[index + 1]!);
      device.takeResident(resident, following);
      if (window.valid !== undefined) {
        following = withValidity(open, following);
        copyValidity(window, partOf(following, output));
        following = withoutIdle(following, output);
      }
      window = following;
      continue;
    }
    const link = links[index]!;
    let following = allocate(open, links[index + 1]?.window ?? tileRect, types[index + 1]!);
    if (window.valid !== undefined) following = withValidity(open, following);
    const output = partOf(following, link.output);
    const grids = readsGrids ? await readGrids(open, link, tally) : undefined;
    const context = { ...contextOf(types[index]!, link, maps), extras: await readExtras(open, link, tally), grids };
    if (readsCorners) {
      await runCorners(open, window, output, link, context, tally);
      if (window.valid !== undefined) {
        copyValidity(window, output);
        following = withoutIdle(following, link.output);
      }
      window = following;
      continue;
    }
    await tally.timed('kernel', async () => {
      extendBorder(window, link.image, link.operation);
      const kernel = open.backend.kernels[link.operation.name];
      if (kernel === undefined) await runApart(window, output, link.operation, context, open.end);
      else if (couplingOf(link.operation) === 'row') scan.run(kernel, { window, output, link, index, context });
      else if (run.bands?.[index] !== undefined) runBands(kernel, { window, output, link, context }, run.bands[index]);
      else kernel(window, output, link.operation, context);
      if (window.valid === undefined) return;
      if (OPERATIONS[link.operation.name]!.outputSize === undefined) copyValidity(window, output);
      following = withoutIdle(following, link.output);
    });
    window = following;
  }
  return { raster: window, mapMax, carries: scan.handedOn() };
}

async function readMap(open: ChainInputs, operation: Operation, rect: Rect, tally: Tally): Promise<TileMap> {
  const { plan, backend } = open;
  const info = plan.map!;
  const count = rect.width * rect.height;
  const samples = backend.memory.allocSamples(info.dtype, count);
  tally.addRead(await open.map!.read(rect, bytesOf(samples), rect.width * SAMPLE_BYTES[info.dtype]));
  return tally.timed('kernel', () => {
    if (OPERATIONS[operation.name]!.mapMeaning === 'radius') {
      const values = backend.memory.allocSamples('uint16', count) as Uint16Array;
      return { rect, values, max: backend.pixels.radii(samples, rect, plan.mapping, values) };
    }
    const values = backend.memory.allocSamples('float32', count) as Float32Array;
    return { rect, values, max: sigmasOf(samples, rect, plan.mapping, values) };
  });
}

/** The map of a blur of one sigma, which reads grids as those by map do. */
function sameSigma({ backend }: ChainInputs, rect: Rect, sigma: number): TileMap {
  const values = backend.memory.allocSamples('float32', rect.width * rect.height) as Float32Array;
  return { rect, values: values.fill(sigma), max: sigma };
}

async function readImage(open: ChainInputs, window: TileRaster, rect: Rect, tally: Tally): Promise<void> {
  const inside = partOf(window, rect);
  tally.addRead(await open.image.read(rect, bytesOf(inside.samples), inside.stride * SAMPLE_BYTES[inside.dtype]));
  alphaLast(inside, open.plan.image);
}

/** Has the inputs of a tile fetched while this one is computed, as far around it as this one's halo went. */
function expectTile(
  open: ChainInputs,
  following: Rect,
  { tile, input }: { readonly tile: Rect; readonly input: Rect },
): void {
  const { image } = open.plan;
  const left = tile.x - input.x;
  const top = tile.y - input.y;
  const grown = {
    ...{ x: following.x - left, y: following.y - top },
    width: following.width + left + Math.max(0, input.x + input.width - tile.x - tile.width),
    height: following.height + top + Math.max(0, input.y + input.height - tile.y - tile.height),
  };
  open.map?.source.expectRect?.(following);
  for (const reader of [open.image, open.mask]) reader?.source.expectRect?.(intersect(grown, rectOf(image)));
}

function contextOf(
  { alpha, nodata }: RasterInfo,
  { operation, image }: ChainLink,
  maps: ReadonlyMap<Operation, TileMap>,
): KernelContext {
  return { image, alpha, nodata, map: maps.get(operation) };
}

/** A raster in another sample type; the same one where it has that type already. */
export function converted(open: ChainInputs, raster: TileRaster, dtype: DType): TileRaster {
  if (raster.dtype === dtype) return raster;
  const output = allocate(open, raster.rect, { dtype, channels: raster.channels });
  open.backend.pixels.convert(raster, output);
  return { ...output, valid: raster.valid };
}
