import { type BoxShape, boxLayout } from '../../../../tiling/operations/box-layout.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import { nodataSample } from '../../reference/samples/nodata.js';
import type { WasmArena } from '../memory/arena.js';
import { alphaRows } from './box-alpha.js';
import { narrowRows } from './box-narrow.js';
import { nodataRows } from './box-nodata.js';
import { type RadiusRows, runRows } from './box-rows.js';
import { wideRows } from './box-wide.js';

/**
 * Box mean over summed-area rows. Input, output and map must live in `arena`; scratch of `boxScratchBytes` is
 * taken from it and given back.
 *
 * Integers equal the reference's. For float32 let M be the largest magnitude in a W×H input rect and u = 2^-53:
 * a row's running sum at x is off by at most u·M·x²/2, so a summed-area entry by u·M·x·y·(x+y)/2, and the mean
 * of n samples, from four entries, by 2^-52·M·W·H·(W+H)/n beside its rounding to float32 (for a 1152×1152 input
 * and radius 1 that is 8e-8·M as a bound; errors met are a hundred times smaller). Samples that are integers
 * below 2^24 are summed exactly, a window of radius 0 gives its sample. With alpha the divisor is Σa instead
 * of n, and M is that of a·c.
 */
export function wasmBox(arena: WasmArena): Kernel {
  const narrow = narrowRows(arena);
  const byAlpha = alphaRows(arena);
  const nodata = nodataRows(arena);
  const wide = wideRows(arena);
  return (input, output, operation, context) => {
    const mark = arena.mark();
    const maxRadius = context.map ? context.map.max : (operation.params.radius as number);
    const layout = boxLayout(boxShape(input, output, maxRadius, context));
    const radii = radiusRows(arena, layout.bytes.radii, output, maxRadius, context);
    const rows = {
      narrow: () => narrow(input, layout),
      'narrow-alpha': () => byAlpha(input),
      'narrow-nodata': () => nodata(input, context),
      wide: () => wide(input, output, context),
    }[layout.path];
    runRows(arena, layout, rows(), radii, { input, output });
    arena.release(mark);
  };
}

function boxShape(input: TileRaster, output: TileRaster, maxRadius: number, context: KernelContext): BoxShape {
  return {
    input: input.rect,
    outputWidth: output.rect.width,
    maxRadius,
    dtype: input.dtype,
    channels: input.channels,
    weighted: context.alpha === 'unassociated' && input.channels > 1,
    nodata: context.nodata?.some((value) => nodataSample(input.dtype, value) !== null) ?? false,
    masked: input.valid !== undefined,
  };
}

function radiusRows(
  arena: WasmArena,
  bytes: number,
  output: TileRaster,
  max: number,
  { map }: KernelContext,
): RadiusRows {
  const { width } = output.rect;
  if (map) return { address: arena.addressOf(map.values), strideBytes: width * 2, max };
  const address = arena.alloc(bytes);
  new Uint16Array(arena.memory.buffer, address, width).fill(max);
  return { address, strideBytes: 0, max };
}
