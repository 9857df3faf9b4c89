import type { Footprint } from '../../../../tiling/operations/footprint/footprint.js';
import { runTableBytes } from '../../../../tiling/operations/scratch.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import { fillSamples } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { hasInvalid } from '../samples/invalid-samples.js';
import { allocatePlane, loadPlane, type PlaneModule, planeModule, weighPlane } from '../samples/planes.js';

interface DirectTile {
  readonly input: TileRaster;
  readonly output: TileRaster;
  readonly footprint: Footprint;
}

/** Fills `output` with what `result` makes of the variance under the footprint at each sample. */
export type DirectSpread = (
  tile: DirectTile & { readonly ddof: number },
  context: KernelContext,
  result: (variance: number) => number,
) => void;

/** Fills `output` with the mean under the footprint, colour weighted by unassociated alpha. */
export type DirectMean = (tile: DirectTile, context: KernelContext) => void;

/** Variances summed directly over each window, the mean first: for floats, whose sums of squares would cancel. */
export function directSpread(arena: WasmArena): DirectSpread {
  const module = instantiate(arena, 'moments/direct', ['directVariance']);
  const planes = planeModule(arena);
  return ({ ddof, ...tile }, context, result) => {
    // Each channel spreads on its own, whatever its alpha.
    const alone: KernelContext = { ...context, alpha: 'none' };
    overPlanes(arena, planes, tile, alone, { planes: hasInvalid(tile.input, context) ? 2 : 1 }, (_own, ...at) =>
      result(module.directVariance(...at, ddof)),
    );
  };
}

/** Means summed directly over each window: for float weights, which do not add up to exactly 0 again. */
export function directMean(arena: WasmArena): DirectMean {
  const module = instantiate(arena, 'moments/direct', ['directRunMean']);
  const planes = planeModule(arena);
  return (tile, context) =>
    overPlanes(arena, planes, tile, context, { planes: 2 }, (own, ...at) => module.directRunMean(...at, own));
}

/**
 * The pixel's own sample; then a channel's planes, their shape, the pixel, the runs: the numbers with which
 * `assembly/moments/direct.ts` is called.
 */
type Call = (own: number, ...at: [number, number, number, number, number, number, number, number, number]) => number;

/** Lays each channel out as samples and, with two planes, their weights, and calls `call` for each output sample. */
function overPlanes(
  arena: WasmArena,
  module: PlaneModule,
  { input, output, footprint }: DirectTile,
  context: KernelContext,
  layout: { readonly planes: 1 | 2 },
  call: Call,
): void {
  const mark = arena.mark();
  const { rect } = input;
  const channels = Array.from({ length: input.channels }, (_, c) => {
    const sums = allocatePlane(arena, rect);
    const weights = layout.planes === 2 ? allocatePlane(arena, rect) : undefined;
    if (weights) weighPlane(arena, input, c, context, { sums, weights });
    else loadPlane(module, arena, input, c, sums);
    return { samples: sums.address, shares: weights?.address ?? 0, strideBytes: sums.strideBytes };
  });
  const { runs } = footprint;
  const table = new Int32Array(arena.memory.buffer, arena.alloc(runTableBytes(runs.length)), runs.length * 3);
  runs.forEach(({ dx, dy, length }, i) => {
    table.set([dx, dy, length], 3 * i);
  });
  fillSamples(input, output, context, (x, y, c, own) => {
    const { samples, shares, strideBytes } = channels[c]!;
    const place = [rect.width, rect.height, x - rect.x, y - rect.y] as const;
    return call(own, samples, shares, strideBytes, ...place, table.byteOffset, runs.length);
  });
  arena.release(mark);
}
