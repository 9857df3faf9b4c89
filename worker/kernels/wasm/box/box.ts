import type { Rect } from '../../../../tiling/geometry/rect.js';
import { type BoxShape, boxLayout, takesColumns } from '../../../../tiling/operations/box-layout.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import { nodataSample } from '../../reference/samples/nodata.js';
import type { WasmArena } from '../memory/arena.js';
import type { FloatPasses } from '../samples/float-range.js';
import { alphaRows } from './box-alpha.js';
import { columnBox } from './box-columns.js';
import { floatRows } from './box-float.js';
import { floatAlphaRows } from './box-float-alpha.js';
import { narrowRows } from './box-narrow.js';
import { nodataRows } from './box-nodata.js';
import { type RadiusRows, type RowKernel, runRows } from './box-rows.js';
import { wideRows } from './box-wide.js';

/**
 * Box mean over summed-area rows, or, where all radii are the same, over sums of columns. Input, output and map must live in `arena`; scratch of `boxScratchBytes` is
 * taken from it and given back.
 *
 * Integers equal the reference's. A mean of float32 is within 2^-22 of the largest magnitude in its own window, beside
 * its rounding to float32, whatever else the tile holds (`floatPasses` and `assembly/box/box-float-alpha.ts` say how). A
 * window of radius 0 gives its sample.
 */
export function wasmBox(arena: WasmArena, passes: FloatPasses): Kernel {
  const columns = columnBox(arena);
  const narrow = narrowRows(arena);
  const byAlpha = alphaRows(arena);
  const nodata = nodataRows(arena);
  const wide = wideRows(arena);
  const float = floatRows(arena);
  const floatAlpha = floatAlphaRows(arena);
  return (input, output, operation, context) => {
    const mark = arena.mark();
    const maxRadius = context.map ? context.map.max : (operation.params.radius as number);
    const shape = boxShape(input, output, maxRadius, context);
    if (takesColumns(shape)) {
      columns({ input, output }, maxRadius);
      arena.release(mark);
      return;
    }
    const layout = boxLayout(shape);
    const radii = radiusRows(arena, layout.bytes.radii, output, maxRadius, context);
    const run = (rows: RowKernel) => {
      const ring = arena.mark();
      runRows(arena, layout, rows, radii, { input, output });
      arena.release(ring);
    };
    switch (layout.path) {
      case 'narrow':
        run(narrow(input, layout));
        break;
      case 'narrow-alpha':
        run(byAlpha(input));
        break;
      case 'narrow-nodata':
        run(nodata(input, context));
        break;
      case 'wide':
        run(wide(input, output, context));
        break;
      case 'float': {
        const windows = { count: largestWindow(input.rect, maxRadius), square: true };
        for (const pass of passes(input, context, windows)) run(float(input, output, context, pass));
        break;
      }
      case 'float-alpha':
        run(floatAlpha(input, context, largestWindow(input.rect, maxRadius)));
    }
    arena.release(mark);
  };
}

/** Pixels of the largest window that fits into an input. */
function largestWindow({ width, height }: Rect, radius: number): number {
  return Math.min(width, 2 * radius + 1) * Math.min(height, 2 * radius + 1);
}

function boxShape(input: TileRaster, output: TileRaster, maxRadius: number, context: KernelContext): BoxShape {
  return {
    input: input.rect,
    outputWidth: output.rect.width,
    maxRadius,
    isFixed: context.map === undefined,
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
