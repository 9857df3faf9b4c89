import type { Kernel, KernelTable, PartialTable } from '../kernel.js';
import type { PixelKernels } from '../pixel-kernels.js';
import { PARTIALS, REFERENCE_KERNELS } from '../reference/index.js';
import { wasmComponents } from './band/components.js';
import { wasmDistance } from './band/distance.js';
import { wasmDistancePartial } from './band/distance-partial.js';
import { wasmBox } from './box/box.js';
import { wasmIteratedBox } from './box/iterated-box.js';
import { inChannelGroups } from './gaussian/channel-groups.js';
import { wasmGaussian } from './gaussian/gaussian.js';
import { forLargeSamples } from './gaussian/large-samples.js';
import { wasmDecimate } from './gaussian/scale-space/stored-grids.js';
import type { WasmArena } from './memory/arena.js';
import { directMean, directSpread } from './moments/direct-runs.js';
import { floatRunMean } from './moments/float-run-mean.js';
import { wasmMean } from './moments/mean.js';
import { runMoments } from './moments/run-moments.js';
import { wasmLocalThreshold, wasmSpread } from './moments/window-moments.js';
import { wasmNlm } from './nlm/nlm.js';
import { wasmConvert } from './pixels/convert.js';
import { wasmCutBlock } from './pixels/cut-block.js';
import { wasmDeflateRuns } from './pixels/deflate-runs.js';
import { wasmMapValues } from './pixels/radii.js';
import { wasmExtremum } from './rank/extremum.js';
import { wasmMorphology } from './rank/morphology.js';
import { wasmRank } from './rank/rank.js';
import { floatPasses } from './samples/float-range.js';
import { keepingMasked } from './samples/keep-masked.js';
import { pointRows } from './samples/point-rows.js';
import { wasmDownscale } from './scaling/downscale.js';
import { wasmHalve } from './scaling/halve.js';
import { wasmRowEma } from './scan/row-ema.js';
import { wasmFlatField } from './tone/flat-field.js';
import { wasmFloatCurves } from './tone/float-curves.js';
import { wasmTable } from './tone/table.js';

export { wasmCorners } from './corners/corners.js';
export { arenaBytes, WasmArena } from './memory/arena.js';

/**
 * The kernels of one thread, compiled over its arena: WebAssembly where an operation has it, the reference
 * elsewhere. Call once a thread.
 */
export function wasmKernels(arena: WasmArena): KernelTable {
  const rank = wasmRank(arena);
  const extremum = wasmExtremum(arena, rank);
  const morphology = wasmMorphology(arena, extremum);
  const passes = floatPasses(arena);
  const box = wasmBox(arena, passes);
  const rows = pointRows(arena);
  const curve = (name: string) => wasmFloatCurves(arena, rows, wasmTable(arena, REFERENCE_KERNELS[name]!));
  const tone = keepingMasked(curve('gamma'));
  const runs = runMoments(arena);
  const spread = wasmSpread(arena, runs, directSpread(arena));
  const components = wasmComponents(arena);
  return takingLabels({
    box,
    mean: wasmMean(box, runs, { runs: floatRunMean(arena, passes), direct: directMean(arena) }),
    gaussian: forLargeSamples(inChannelGroups(arena, wasmGaussian(arena))),
    'iterated-box': forLargeSamples(wasmIteratedBox(arena)),
    max: extremum,
    min: extremum,
    median: rank,
    percentile: rank,
    open: morphology,
    close: morphology,
    'morph-gradient': morphology,
    'top-hat': morphology,
    'black-hat': morphology,
    nlm: wasmNlm(arena),
    gamma: tone,
    levels: tone,
    lut: tone,
    'flat-field': keepingMasked(wasmFlatField(arena, curve('flat-field'), rows)),
    'row-ema': wasmRowEma(arena),
    downscale: wasmDownscale(arena),
    std: spread,
    variance: spread,
    distance: wasmDistance(arena),
    label: components.label,
    'fill-holes': components.fillHoles,
    threshold: wasmLocalThreshold(arena, keepingMasked(curve('threshold'))),
  });
}

/** Kernels whose assembly reads and writes uint32 as well. */
const OF_UINT32: ReadonlySet<string> = new Set(['distance', 'label', 'fill-holes']);

/** A thread's kernels, with the reference where there is none in WebAssembly, or none for uint32. */
function takingLabels(kernels: KernelTable): KernelTable {
  const entries = Object.entries(kernels).map(([name, kernel]): [string, Kernel] => {
    if (OF_UINT32.has(name)) return [name, kernel];
    const plain: Kernel = (input, output, ...rest) => {
      const isUint32 = input.dtype === 'uint32' || output.dtype === 'uint32';
      (isUint32 ? REFERENCE_KERNELS[name]! : kernel)(input, output, ...rest);
    };
    return [name, plain];
  });
  return { ...REFERENCE_KERNELS, ...Object.fromEntries(entries) };
}

/**
 * What pixels pass through beside operations, in WebAssembly. All samples and bytes must live in `arena`;
 * tables of about 900 KB are reserved in it, so call this before the first tile.
 */
export function wasmPixels(arena: WasmArena): PixelKernels {
  return {
    halve: wasmHalve(arena),
    ...wasmMapValues(arena),
    cutBlock: wasmCutBlock(arena),
    deflateRuns: wasmDeflateRuns(arena),
    convert: wasmConvert(arena),
    decimate: wasmDecimate(arena),
  };
}

/** What tiles contribute to reductions, in WebAssembly where that pays. Call once a thread, before the first tile. */
export function wasmPartials(arena: WasmArena): PartialTable {
  const { partial } = wasmComponents(arena);
  return { ...PARTIALS, distance: wasmDistancePartial(arena), label: partial, 'fill-holes': partial };
}
