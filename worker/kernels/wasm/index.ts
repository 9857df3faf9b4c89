import type { KernelTable } from '../kernel.js';
import type { PixelKernels } from '../pixel-kernels.js';
import { REFERENCE_KERNELS } from '../reference/index.js';
import type { WasmArena } from './arena.js';
import { wasmBox } from './box.js';
import { inChannelGroups } from './channel-groups.js';
import { wasmConvert } from './convert.js';
import { wasmCutBlock } from './cut-block.js';
import { directMean, directSpread } from './direct-runs.js';
import { wasmDownscale } from './downscale.js';
import { wasmExtremum } from './extremum.js';
import { wasmFlatField } from './flat-field.js';
import { wasmFloatCurves } from './float-curves.js';
import { wasmGaussian } from './gaussian.js';
import { wasmHalve } from './halve.js';
import { wasmIteratedBox } from './iterated-box.js';
import { keepingMasked } from './keep-masked.js';
import { wasmMean } from './mean.js';
import { pointRows } from './point-rows.js';
import { wasmRadii } from './radii.js';
import { wasmRank } from './rank.js';
import { wasmRowEma } from './row-ema.js';
import { runMoments } from './run-moments.js';
import { wasmTable } from './table.js';
import { wasmLocalThreshold, wasmSpread } from './window-moments.js';

export { arenaBytes, WasmArena } from './arena.js';

/**
 * The kernels of one thread, compiled over its arena: WebAssembly where an operation has it, the reference
 * elsewhere. Call once a thread.
 */
export function wasmKernels(arena: WasmArena): KernelTable {
  const rank = wasmRank(arena);
  const extremum = wasmExtremum(arena, rank);
  const box = wasmBox(arena);
  const rows = pointRows(arena);
  const curve = (name: string) => wasmFloatCurves(arena, rows, wasmTable(arena, REFERENCE_KERNELS[name]!));
  const tone = keepingMasked(curve('gamma'));
  const runs = runMoments(arena);
  const spread = wasmSpread(arena, runs, directSpread(arena));
  return {
    ...REFERENCE_KERNELS,
    box,
    mean: wasmMean(box, runs, directMean(arena)),
    gaussian: inChannelGroups(arena, wasmGaussian(arena)),
    'iterated-box': wasmIteratedBox(arena),
    max: extremum,
    min: extremum,
    median: rank,
    percentile: rank,
    gamma: tone,
    levels: tone,
    lut: tone,
    'flat-field': keepingMasked(wasmFlatField(arena, curve('flat-field'), rows)),
    'row-ema': wasmRowEma(arena),
    downscale: wasmDownscale(arena),
    std: spread,
    variance: spread,
    threshold: wasmLocalThreshold(arena, keepingMasked(curve('threshold'))),
  };
}

/**
 * What pixels pass through beside operations, in WebAssembly. All samples and bytes must live in `arena`;
 * tables of about 280 KB are reserved in it, so call this before the first tile.
 */
export function wasmPixels(arena: WasmArena): PixelKernels {
  return {
    halve: wasmHalve(arena),
    radii: wasmRadii(arena),
    cutBlock: wasmCutBlock(arena),
    convert: wasmConvert(arena),
  };
}
