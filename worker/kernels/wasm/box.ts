import { type BoxShape, boxLayout } from '../../../tiling/operations/box-layout.js';
import type { Kernel, KernelContext, TileRaster } from '../kernel.js';
import { box as referenceBox } from '../reference/box.js';
import { nodataSample } from '../reference/nodata.js';
import type { WasmArena } from './arena.js';
import { narrowRows } from './box-narrow.js';
import { type RadiusRows, runRows } from './box-rows.js';

/**
 * Box mean over summed-area rows; its pixels equal the reference's for integers. Input, output and map must
 * live in `arena`; scratch of `boxScratchBytes` is taken from it and given back.
 */
export function wasmBox(arena: WasmArena): Kernel {
  const narrow = narrowRows(arena);
  return (input, output, operation, context) => {
    const mark = arena.mark();
    const maxRadius = context.map ? context.map.max : (operation.params.radius as number);
    const layout = boxLayout(boxShape(input, output, maxRadius, context));
    if (layout.path === 'wide') return referenceBox(input, output, operation, context);
    const radii = radiusRows(arena, layout.bytes.radii, output, maxRadius, context);
    runRows(arena, layout, narrow(input, layout), radii, { input, output });
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
