import type { Size } from '../../../../tiling/geometry/rect.js';
import {
  blockRowBytes,
  COLUMN_BYTES,
  coveredRange,
  downscaledSize,
  nearestIndex,
  overlapOf,
  wholeBlock,
} from '../../../../tiling/operations/downscale.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import { downscale as referenceDownscale } from '../../reference/downscale.js';
import { sampleIndex } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import type { WasmModules } from '../memory/modules.js';
import { hasInvalid } from '../samples/invalid-samples.js';
import { NodataTable } from '../samples/nodata.js';
import { addressOf, BITS } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';

const EXPORTS = [
  ...(['addRow8', 'addRow16', 'addRow32', 'means8', 'means16', 'means32'] as const),
  ...(['addWeighted8', 'addWeighted16', 'addWeighted32'] as const),
  ...(['weightedMeans8', 'weightedMeans16', 'weightedMeans32', 'pick8', 'pick16', 'pick32'] as const),
];

/** From the operation's whole input to its whole result. */
interface Sizes {
  readonly from: Size;
  readonly to: Size;
}

/**
 * Nearest samples, or area means: each input row is added to the output rows that cover it. Sums of integers
 * are exact, so means equal the reference; those of floats add each row up first. Integers without weights whose areas are
 * whole pixels are summed as such.
 */
export function wasmDownscale(arena: WasmArena): Kernel {
  const module = instantiate(arena, 'scaling/downscale', EXPORTS);
  const blocks = instantiate(arena, 'scaling/blocks', ['meanRow8', 'meanRow16']);
  const nodata = new NodataTable(arena);
  return (input, output, operation, context) => {
    if (input.dtype !== output.dtype) {
      return referenceDownscale(input, output, operation, context);
    }
    const sizes = { from: context.image, to: downscaledSize(operation, context.image) };
    const mark = arena.mark();
    const isWeighted = context.alpha === 'unassociated' || hasInvalid(input, context);
    const block = isWeighted ? undefined : wholeBlock(input.dtype, sizes.from, sizes.to);
    if (operation.params.method === 'nearest') nearest(arena, module, { input, output }, sizes);
    else if (block) blockMeans(arena, blocks, { input, output }, block);
    else area(arena, module, { input, output }, sizes, { context, nodata });
    arena.release(mark);
    maskResult({ input, output }, sizes, operation.params.method === 'nearest');
  };
}

type Module = Pick<WasmModules['scaling/downscale'], (typeof EXPORTS)[number]>;

interface Tile {
  readonly input: TileRaster;
  readonly output: TileRaster;
}

function nearest(arena: WasmArena, module: Module, { input, output }: Tile, { from, to }: Sizes): void {
  const { rect, channels, dtype } = output;
  const columns = new Uint32Array(arena.memory.buffer, arena.alloc(rect.width * 4), rect.width);
  for (let i = 0; i < rect.width; i++) columns[i] = nearestIndex(rect.x + i, from.width, to.width) - input.rect.x;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const source = addressOf(arena, input, input.rect.x, nearestIndex(y, from.height, to.height));
    const into = addressOf(arena, output, rect.x, y);
    module[`pick${BITS[dtype]}`](source, columns.byteOffset, into, rect.width, channels);
  }
}

function blockMeans(
  arena: WasmArena,
  module: Pick<WasmModules['scaling/blocks'], 'meanRow8' | 'meanRow16'>,
  { input, output }: Tile,
  block: Size,
): void {
  const { rect, channels, dtype } = output;
  const sums = arena.alloc(blockRowBytes(rect.width * block.width, channels, dtype));
  const row = dtype === 'uint8' ? module.meanRow8 : module.meanRow16;
  const stride = input.stride * SAMPLE_BYTES[dtype];
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const source = addressOf(arena, input, rect.x * block.width, y * block.height);
    const into = addressOf(arena, output, rect.x, y);
    row(source, stride, block.width, block.height, channels, into, rect.width, sums);
  }
}

function area(
  arena: WasmArena,
  module: Module,
  { input, output }: Tile,
  { from, to }: Sizes,
  { context, nodata }: { readonly context: KernelContext; readonly nodata: NodataTable },
): void {
  const { rect, channels, dtype } = output;
  const byAlpha = context.alpha === 'unassociated';
  const weighted = nodata.fill(input, context.nodata) || byAlpha || input.valid !== undefined;
  const validAt = validityOf(arena, input);
  const columns = columnTable(arena, { input, output }, { from, to });
  const lanes = rect.width * channels * (weighted ? 3 : 1);
  const sums = new Float64Array(arena.memory.buffer, arena.alloc(lanes * 8), lanes);
  const bits = BITS[dtype];
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    sums.fill(0);
    const covered = coveredRange(y, from.height, to.height);
    for (let v = covered.from; v < covered.to; v++) {
      const overlap = overlapOf(v, y, from.height, to.height);
      const source = addressOf(arena, input, input.rect.x, v);
      const place = [source, columns, sums.byteOffset, rect.width, channels, to.width, overlap] as const;
      if (weighted) module[`addWeighted${bits}`](...place, nodata.address, Number(byAlpha), validAt(input.rect.x, v));
      else module[`addRow${bits}`](...place);
    }
    const into = addressOf(arena, output, rect.x, y);
    if (weighted) module[`weightedMeans${bits}`](sums.byteOffset, into, rect.width, channels, nodata.address);
    else module[`means${bits}`](sums.byteOffset, into, rect.width * channels, from.width * from.height);
  }
}

/** Fills the result's validity: that of the nearest pixel, or whether any pixel counts of those that one covers. */
function maskResult({ input, output }: Tile, { from, to }: Sizes, nearest: boolean): void {
  const { valid } = input;
  if (valid === undefined || output.valid === undefined) return;
  const under = (i: number, whole: number, result: number) => {
    if (!nearest) return coveredRange(i, whole, result);
    const at = nearestIndex(i, whole, result);
    return { from: at, to: at + 1 };
  };
  const { rect, channels } = output;
  const columns = Array.from({ length: rect.width }, (_, i) => under(rect.x + i, from.width, to.width));
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const rows = under(y, from.height, to.height);
    const into = sampleIndex(output, rect.x, y) / channels;
    output.valid.fill(0, into, into + rect.width);
    for (let v = rows.from; v < rows.to; v++) {
      const line = sampleIndex(input, 0, v) / input.channels;
      columns.forEach((column, i) => {
        for (let u = column.from; u < column.to; u++) if (valid[line + u] !== 0) output.valid![into + i] = 255;
      });
    }
  }
}

/** Address of what each output column covers, as the assembly reads it. */
function columnTable(arena: WasmArena, { input, output }: Tile, { from, to }: Sizes): number {
  const { x, width } = output.rect;
  const address = arena.alloc(width * COLUMN_BYTES);
  const table = new DataView(arena.memory.buffer, address, width * COLUMN_BYTES);
  for (let i = 0; i < width; i++) {
    const covered = coveredRange(x + i, from.width, to.width);
    table.setUint32(i * COLUMN_BYTES, covered.from - input.rect.x, true);
    table.setUint32(i * COLUMN_BYTES + 4, covered.to - covered.from, true);
    table.setFloat64(i * COLUMN_BYTES + 8, overlapOf(covered.from, x + i, from.width, to.width), true);
    table.setFloat64(i * COLUMN_BYTES + 16, overlapOf(covered.to - 1, x + i, from.width, to.width), true);
  }
  return address;
}
