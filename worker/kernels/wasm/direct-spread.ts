import type { Footprint } from '../../../tiling/operations/footprint.js';
import { runsOf } from '../../../tiling/operations/runs.js';
import { runTableBytes } from '../../../tiling/operations/scratch.js';
import type { KernelContext, TileRaster } from '../kernel.js';
import { fillSamples } from '../reference/pixels.js';
import type { WasmArena } from './arena.js';
import { hasHoles } from './holes.js';
import { instantiate } from './instance.js';
import { allocatePlane, loadPlane, planeModule, weighPlane } from './planes.js';

interface SpreadTile {
  readonly input: TileRaster;
  readonly output: TileRaster;
  readonly footprint: Footprint;
  readonly ddof: number;
}

/** Fills `output` with what `result` makes of the variance under the footprint at each sample. */
export type DirectSpread = (tile: SpreadTile, context: KernelContext, result: (variance: number) => number) => void;

/** Variances summed directly over each window, the mean first: for floats, whose sums of squares would cancel. */
export function directSpread(arena: WasmArena): DirectSpread {
  const module = instantiate(arena, 'direct', ['directVariance']);
  const planes = planeModule(arena);
  return ({ input, output, footprint, ddof }, context, result) => {
    const mark = arena.mark();
    const { rect } = input;
    const holes = hasHoles(input, context);
    const channels = Array.from({ length: input.channels }, (_, c) => {
      const sums = allocatePlane(arena, rect);
      const weights = holes ? allocatePlane(arena, rect) : undefined;
      // Each channel spreads on its own, whatever its alpha.
      if (weights) weighPlane(arena, input, c, { ...context, alpha: 'none' }, { sums, weights });
      else loadPlane(planes, arena, input, c, sums);
      return { samples: sums.address, shares: weights?.address ?? 0, strideBytes: sums.strideBytes };
    });
    const runs = runsOf(footprint);
    const table = new Int32Array(arena.memory.buffer, arena.alloc(runTableBytes(runs.length)), runs.length * 3);
    runs.forEach(({ dx, dy, length }, i) => {
      table.set([dx, dy, length], 3 * i);
    });
    fillSamples(input, output, context, (x, y, c) => {
      const { samples, shares, strideBytes } = channels[c]!;
      const place = [rect.width, rect.height, x - rect.x, y - rect.y] as const;
      return result(module.directVariance(samples, shares, strideBytes, ...place, table.byteOffset, runs.length, ddof));
    });
    arena.release(mark);
  };
}
