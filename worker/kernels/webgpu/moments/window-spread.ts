import { area } from '../../../../tiling/geometry/rect.js';
import type { Operation } from '../../../../tiling/operations/descriptor.js';
import { type Footprint, squareFootprint } from '../../../../tiling/operations/footprint/footprint.js';
import { neighbourhoodOf } from '../../../../tiling/operations/moments.js';
import { thresholdParams } from '../../../../tiling/operations/threshold.js';
import { INTEGER_MAX, SAMPLE_BYTES, toSample } from '../../../../tiling/raster/dtype.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { allValid, weighedPixels } from '../samples/weighed-pixels.js';
import { footprintRects } from '../summed-area/footprint-rects.js';
import {
  type SumBytes,
  sumFile,
  sumTable,
  tableBytes,
  WEIGHED_LANE,
  WIDE_STORAGE_BYTES,
} from '../summed-area/summed-table.js';
import { MAX_RECTS } from '../summed-area/window-rects.js';

/** n·Σv² must stay below 2^64 and n² below 2^32. */
const MAX_COUNT = 65535;
/** `params.result` in window-spread.wgsl. */
const RESULTS: Readonly<Record<string, number>> = { variance: 0, std: 1, niblack: 2, sauvola: 3 };
/** More than any channel. */
const NO_CHANNEL = 0xffffffff;

/**
 * Variance and standard deviation of uint8 and uint16 from integer sums, and rounded in integers: the formula's exact
 * value rounded half up, which the reference's float64 misses by one where that lies on the edge. Thresholds of
 * Niblack and Sauvola from the same sums, compared in float32: a sample v may fall on the other side of its threshold t
 * where |v − t| is at most 2^-19 of |v − m| + |t − m|, m the window's mean.
 */
export const gpuWindowSpread: GpuKernel = {
  variants(step) {
    const { dtype, channels } = step.input;
    const name = `${nameOf(step.operation)} ${dtype}×${channels}`;
    return dtype === 'uint8' && sumBytesOf(step) === 8
      ? [name, `${nameOf(step.operation)} uint16×${channels}`]
      : [name];
  },
  refusal(step, limits) {
    const unfit = unfitPixels(step, { nodata: true, alpha: true, masks: true });
    if (unfit !== undefined) return unfit;
    const footprint = windowOf(step.operation);
    if (footprint.count > MAX_COUNT) return `${footprint.count} samples a window`;
    const rects = footprintRects(footprint).length / 4;
    if (rects > MAX_RECTS) return `a footprint of ${rects} rectangles`;
    const tooSmall = sumBytesOf(step) === 8 && limits.workgroupStorageBytes < WIDE_STORAGE_BYTES;
    return tooSmall ? 'too little workgroup memory' : undefined;
  },
  scratchBytes(step) {
    const { table, total } = tableBytes(step.window, step.input.channels, sumBytesOf(step));
    return { largest: table, total: total * (allValid(step) ? 2 : 3) + MAX_RECTS * 16 };
  },
  async encode(run, step, { input, output }) {
    const { operation } = step;
    const { dtype, channels } = step.input;
    const sumBytes = sumBytesOf(step);
    const bindings = await weighedPixels(run, step, input, false);
    const sumLane = (number: number) =>
      sumTable(run, step, { files: ['samples/validity', 'summed-area/lanes-weighed'], number, bindings }, sumBytes);
    const values = await sumLane(WEIGHED_LANE.values);
    const squares = await sumLane(WEIGHED_LANE.squares);
    const plain = allValid(step);
    const counts = plain ? values : await sumLane(WEIGHED_LANE.weights);
    const rects = footprintRects(windowOf(operation));
    const pixels = area(output.rect);
    await run.dispatch(
      {
        files: [
          'samples/samples',
          sumFile(sumBytes),
          'samples/limbs',
          'samples/validity',
          'summed-area/windows',
          'moments/window-spread',
        ],
        entry: 'windowSpread',
        constants: { CHANNELS: channels, BYTES: SAMPLE_BYTES[dtype] },
      },
      uniformsOf('moments/window-spread', {
        ...{ inputWidth: input.rect.width, inputHeight: input.rect.height },
        ...{ outputWidth: output.rect.width, outputPixels: pixels },
        ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y },
        ...{ rectangles: rects.length / 4, weighed: Number(!plain) },
        ...resultParams(step),
        result: RESULTS[nameOf(operation)]!,
      }),
      {
        ...bindings,
        2: values,
        3: counts,
        4: await run.constantData(new Uint32Array(rects.buffer)),
        5: output.buffer,
        6: squares,
      },
      run.linearGroups(Math.ceil(pixels / 4)),
    );
  },
};

function nameOf({ name, params }: Operation): string {
  return name === 'threshold' ? (params.method as string) : name;
}

function windowOf(operation: Operation): Footprint {
  return operation.name === 'threshold'
    ? squareFootprint(operation.params.window as number)
    : neighbourhoodOf(operation);
}

/** What the shader's result follows from beside its sums. */
function resultParams({ operation, input, alpha }: DeviceStep) {
  if (operation.name !== 'threshold') {
    return { ddof: operation.params.ddof as number, kept: NO_CHANNEL, low: 0, high: 0, k: 0, r: 0 };
  }
  const { low, high, k, r } = thresholdParams(operation, input.dtype);
  const kept = alpha === 'none' ? NO_CHANNEL : input.channels - 1;
  return { ddof: 0, kept, low: toSample(input.dtype, low), high: toSample(input.dtype, high), k, r };
}

/** Two limbs where a window's squares can sum to 2^32. */
function sumBytesOf({ operation, window, input }: DeviceStep): SumBytes {
  const samples = Math.min(windowOf(operation).count, area(window));
  return samples * INTEGER_MAX[input.dtype as 'uint8' | 'uint16'] ** 2 >= 2 ** 32 ? 8 : 4;
}
