import { HalotileError } from '../../tiling/errors.js';
import { cellCount, cellRect, gridOf } from '../../tiling/geometry/grid.js';
import { area, type Rect } from '../../tiling/geometry/rect.js';
import { couplingOf } from '../../tiling/plan/chain.js';
import { chainBytes, chainTypes, levelBytes } from '../../tiling/plan/memory.js';
import type { Plan, StagePlan } from '../../tiling/plan/plan.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { TileMemory } from '../kernels/backend.js';
import { copyValidity, partOf, type TileRaster } from '../kernels/kernel.js';
import { allocate } from './allocate.js';
import type { OpenJob } from './open-job.js';
import { type ChainResult, runChain } from './run-chain.js';
import type { Tally } from './tally.js';
import { withValidity } from './validity.js';

/** Pieces below this side would read many times what they write. */
const SMALLEST_PIECE = 64;

/**
 * Makes room for a tile of a stage and returns the side of the pieces to compute it in: the tile's own where its
 * memory is free, otherwise half as often as it takes.
 * @throws over-limit where even small pieces do not fit, or where a scan along rows forbids them
 */
export function reserveTile(memory: TileMemory, plan: Plan, stage: StagePlan): number {
  if (stage.kind === 'overview') {
    memory.reset(overviewBytes(plan, stage.tileSide));
    return stage.tileSide;
  }
  const divisible =
    stage.kind === 'filter' && plan.operations.every((operation) => !['row', 'band'].includes(couplingOf(operation)));
  for (let side = stage.tileSide; ; side = Math.ceil(side / 2)) {
    try {
      memory.reset(side === stage.tileSide ? plan.memory.linearBytes : pieceBytes(plan, stage.tileSide, side));
      return side;
    } catch (error) {
      const tooLarge = error instanceof HalotileError && error.tag === 'over-limit';
      if (!tooLarge || !divisible || side / 2 < SMALLEST_PIECE) throw error;
    }
  }
}

/**
 * Runs the job's chain for a tile piece by piece into one raster: the same pixels as at once, for less memory and
 * more halo.
 */
export async function runPieces(open: OpenJob, tileRect: Rect, side: number, tally: Tally): Promise<ChainResult> {
  const { plan, backend } = open;
  const grid = gridOf(tileRect, { width: side, height: side });
  const type = chainTypes(plan.operations, plan.image).at(-1)!;
  let whole = allocate(open, tileRect, type);
  if (plan.mask !== undefined) {
    whole = withValidity(open, whole);
    whole.valid!.fill(255);
  }
  let mapMax = 0;
  for (let index = 0; index < cellCount(grid); index++) {
    const cell = cellRect(grid, index);
    const piece = { ...cell, x: cell.x + tileRect.x, y: cell.y + tileRect.y };
    const mark = backend.memory.mark();
    const result = await runChain(open, { operations: plan.operations, tileRect: piece }, tally);
    tally.timed('kernel', () => copyPixels(result.raster, partOf(whole, piece)));
    backend.memory.release(mark);
    mapMax = Math.max(mapMax, result.mapMax);
  }
  return { raster: whole, mapMax };
}

function copyPixels(from: TileRaster, to: TileRaster): void {
  const rowLength = to.rect.width * to.channels;
  for (let y = 0; y < to.rect.height; y++) {
    const row = from.samples.subarray(y * from.stride, y * from.stride + rowLength);
    (to.samples as Uint8Array).set(row as Uint8Array, y * to.stride);
  }
  if (from.valid !== undefined) copyValidity(from, to);
}

function overviewBytes({ output, block, mask }: Plan, tileSide: number): number {
  return levelBytes(tileSide, block, output.channels * SAMPLE_BYTES[output.dtype] + (mask === undefined ? 0 : 1));
}

/** The whole result, in the chain's and the output's type, its levels and one block; and one piece's chain. */
function pieceBytes(plan: Plan, tileSide: number, side: number): number {
  const { image, map, output, operations, block, mapMaxBound } = plan;
  const masked = plan.mask !== undefined;
  const { channels, dtype } = chainTypes(operations, image).at(-1)!;
  const resultBytes = channels * SAMPLE_BYTES[dtype] + (masked ? 1 : 0);
  const outputBytes = output.channels * SAMPLE_BYTES[output.dtype] + (masked ? 1 : 0);
  const whole = area({ width: Math.min(tileSide, output.width), height: Math.min(tileSide, output.height) });
  const piece = chainBytes({ image, masked, map, output, operations, block, tileSide: side, mapMax: mapMaxBound });
  return piece + whole * (resultBytes + 1.5 * outputBytes) + 2 * block * block * outputBytes;
}
