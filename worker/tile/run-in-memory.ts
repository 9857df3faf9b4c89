import { cellCount, cellRect } from '../../tiling/geometry/grid.js';
import { BandExchanges, type TileBands } from '../../tiling/plan/band-exchanges.js';
import { stageGrid } from '../../tiling/plan/levels.js';
import { chainTypes } from '../../tiling/plan/memory.js';
import type { Plan, StagePlan } from '../../tiling/plan/plan.js';
import { completeReduction } from '../../tiling/plan/reductions.js';
import type { BlockSource } from '../../tiling/raster/block-source.js';
import { type DType, SAMPLE_BYTES, type Samples, viewSamples } from '../../tiling/raster/dtype.js';
import type { Pixels } from '../../tiling/sources/memory-source.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import type { Carries } from '../../tiling/work/tiles.js';
import type { Backend } from '../kernels/backend.js';
import { openBackend } from '../kernels/backends/open-backend.js';
import type { TileRaster } from '../kernels/kernel.js';
import { asInFile } from './alpha-order.js';
import { gatherPartial } from './gather-partial.js';
import { copyPixels, type HeldPixels, holdPixels } from './held-pixels.js';
import type { ChainInputs } from './open-job.js';
import type { ChainRun } from './row-scan.js';
import { converted, runChain } from './run-chain.js';
import { Tally } from './tally.js';

/** What a plan reads, in memory. */
export interface MemoryInputs {
  readonly image: BlockSource;
  readonly map?: BlockSource;
  /** By the name under which operations know them. */
  readonly extras: Readonly<Record<string, BlockSource>>;
}

/** Backends that no call is using; a call takes one, so that calls under way at once do not share memory. */
const idle: Backend[] = [];

/** With what a plan runs on the calling thread. */
export interface MemoryMeans {
  readonly nowMs: () => number;
  /** What it may take beside its inputs and output: in what a tile leaves of it, pixels between two stages are held. */
  readonly memoryBytes: number;
}

/** Runs the reductions and the filter stage of a plan on the calling thread; overviews are not made. */
export async function runInMemory(
  plan: Plan,
  inputs: MemoryInputs,
  { nowMs, memoryBytes }: MemoryMeans,
): Promise<Required<Pixels>> {
  const backend = idle.pop() ?? openBackend('wasm');
  try {
    const readerOf = (source: BlockSource) => new RasterReader(source, null, nowMs);
    const readers = {
      backend,
      job: {},
      image: readerOf(inputs.image),
      map: inputs.map && readerOf(inputs.map),
      extras: Object.fromEntries(Object.entries(inputs.extras).map(([name, source]) => [name, readerOf(source)])),
    };
    const tally = new Tally(nowMs);
    let current = plan;
    let held: HeldPixels | undefined;
    const gathered = new Map<number, unknown[]>();
    const exchange = new BandExchanges(plan, (index) => gathered.get(index)!);
    for (const [index, stage] of plan.stages.entries()) {
      if (stage.kind !== 'reduce') continue;
      const partials: unknown[] = [];
      gathered.set(index, partials);
      const making = heldBy(current, stage.operation!, { held, memoryBytes });
      await forEachTile(stage, exchange.of(index), async (place) => {
        backend.memory.reset(plan.memory.linearBytes);
        const { partial, raster, carries } = await gatherPartial(
          { ...readers, plan: current, held },
          stage,
          place,
          tally,
        );
        partials.push(partial);
        if (making !== undefined) copyPixels(raster, making.raster, place.tileRect);
        return carries;
      });
      held = making ?? held;
      current = completeReduction(current, stage.operation!, partials);
    }
    return await filter({ ...readers, plan: current, held }, exchange, tally);
  } finally {
    idle.push(backend);
  }
}

/**
 * Room for the pixels that a stage's operation reads, where the operations before it are not to run again; undefined where
 * there are none that are not held already, or no memory for it.
 */
function heldBy(
  { operations, image, memory }: Plan,
  operation: number,
  { held, memoryBytes }: Pick<MemoryMeans, 'memoryBytes'> & { readonly held: HeldPixels | undefined },
): HeldPixels | undefined {
  if (operation <= (held?.operations ?? 0)) return undefined;
  const type = chainTypes(operations, image)[operation]!;
  const before = held?.raster.samples.byteLength ?? 0;
  const bytes = type.width * type.height * type.channels * SAMPLE_BYTES[type.dtype];
  return memory.linearBytes + before + bytes > memoryBytes ? undefined : holdPixels(operation, type);
}

async function filter(inputs: ChainInputs, exchange: BandExchanges, tally: Tally): Promise<Required<Pixels>> {
  const { plan, backend } = inputs;
  const { width, height, channels, dtype } = plan.output;
  const samples = unsetSamples(dtype, width * height * channels);
  const stage = plan.stages.findIndex(({ kind }) => kind === 'filter');
  await forEachTile(plan.stages[stage]!, exchange.of(stage), async (place) => {
    backend.memory.reset(plan.memory.linearBytes);
    const { raster, carries } = await runChain(inputs, { ...place, operations: plan.operations }, tally);
    copyRows(converted(inputs, asInFile(raster, plan.output), dtype), samples, width * channels);
    return carries;
  });
  return { samples, width, height, channels };
}

/** A new array that holds whatever was in its memory; tiles cover all of it. Zeros first take as long as a copy. */
function unsetSamples(dtype: DType, length: number): Samples {
  return viewSamples(dtype, Buffer.allocUnsafeSlow(length * SAMPLE_BYTES[dtype]).buffer, 0, length);
}

/** Runs the tiles of a stage row by row; what a tile hands on goes to the one on its right. */
async function forEachTile(
  stage: StagePlan,
  bandsOf: (tileIndex: number) => TileBands | undefined,
  run: (place: Omit<ChainRun, 'operations'>) => Promise<Carries | undefined>,
): Promise<void> {
  const grid = stageGrid(stage);
  let carries: Carries | undefined;
  for (let index = 0; index < cellCount(grid); index++) {
    if (index % grid.across === 0) carries = undefined;
    const next = (index + 1) % grid.across === 0 ? undefined : cellRect(grid, index + 1);
    carries = await run({ tileRect: cellRect(grid, index), next, carries, bands: bandsOf(index) });
  }
}

function copyRows({ rect, channels, stride, samples }: TileRaster, into: Pixels['samples'], intoStride: number): void {
  const length = rect.width * channels;
  if (length === stride && length === intoStride) {
    into.set(samples.subarray(0, length * rect.height), rect.y * intoStride);
    return;
  }
  for (let row = 0; row < rect.height; row++) {
    const to = (rect.y + row) * intoStride + rect.x * channels;
    into.set(samples.subarray(row * stride, row * stride + length), to);
  }
}
