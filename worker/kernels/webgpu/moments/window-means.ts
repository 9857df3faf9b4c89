import { area } from '../../../../tiling/geometry/rect.js';
import { neighbourhoodOf } from '../../../../tiling/operations/moments.js';
import { INTEGER_MAX, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { isPlain, weighedPixels } from '../samples/weighed-pixels.js';
import {
  type SumBytes,
  sumFile,
  sumTable,
  tableBytes,
  WEIGHED_LANE,
  WIDE_STORAGE_BYTES,
} from '../summed-area/summed-table.js';
import { MAX_RECTS, rectsOf } from '../summed-area/window-rects.js';
import { gpuFloatMeans } from './float-means.js';

/**
 * Means under any footprint made of rectangles, and under squares by map: Σ(w·s) / Σw from one summed-area table of
 * the weighted samples and, where weights differ, one of the weights. Nodata and masked pixels weigh nothing,
 * unassociated alpha weighs colour. Integers to the end, so equal to the reference for uint8 and uint16. float32 is
 * the work of {@link gpuFloatMeans}.
 */
export const gpuWindowMeans: GpuKernel = {
  variants(step) {
    if (isFloat(step)) return gpuFloatMeans.variants(step);
    const { dtype, channels } = step.input;
    const name = `window means ${dtype}×${channels}`;
    return sumBytesOf(step) === 4 ? [name] : [name, `window means uint16×${channels} wide`];
  },
  refusal(step, limits) {
    if (isFloat(step)) return gpuFloatMeans.refusal(step, limits);
    const unfit = unfitPixels(step, { nodata: true, alpha: true, masks: true });
    if (unfit !== undefined) return unfit;
    const rects = rectsOf(step).length / 4;
    if (rects > MAX_RECTS) return `a footprint of ${rects} rectangles`;
    const tooSmall = sumBytesOf(step) === 8 && limits.workgroupStorageBytes < WIDE_STORAGE_BYTES;
    return tooSmall ? 'too little workgroup memory' : undefined;
  },
  scratchBytes(step) {
    if (isFloat(step)) return gpuFloatMeans.scratchBytes(step);
    const { table, total } = tableBytes(step.window, step.input.channels, sumBytesOf(step));
    return { largest: table, total: total * (isPlain(step) ? 1 : 2) + rectsOf(step).byteLength };
  },
  async encode(run, step, rasters) {
    if (isFloat(step)) return gpuFloatMeans.encode(run, step, rasters);
    const { input, output, radii } = rasters;
    const { dtype, channels } = step.input;
    const sumBytes = sumBytesOf(step);
    const bindings = await weighedPixels(run, step, input, true);
    const sumLane = (number: number) =>
      sumTable(run, step, { files: ['samples/validity', 'summed-area/lanes-weighed'], number, bindings }, sumBytes);
    const values = await sumLane(WEIGHED_LANE.values);
    const plain = isPlain(step);
    const weights = plain ? values : await sumLane(WEIGHED_LANE.weights);
    const rects = rectsOf(step);
    const pixels = area(output.rect);
    await run.dispatch(
      {
        files: [
          'samples/samples',
          sumFile(sumBytes),
          'samples/validity',
          'summed-area/windows',
          'moments/window-means',
        ],
        entry: 'windowMeans',
        constants: { CHANNELS: channels, BYTES: SAMPLE_BYTES[dtype] },
      },
      uniformsOf('moments/window-means', {
        ...{ inputWidth: input.rect.width, inputHeight: input.rect.height },
        ...{ outputWidth: output.rect.width, outputPixels: pixels },
        ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y },
        ...{ rectangles: rects.length / 4, weighed: Number(!plain) },
      }),
      {
        ...bindings,
        2: values,
        3: weights,
        4: radii ?? (await run.constantData(new Uint32Array(rects.buffer))),
        5: output.buffer,
      },
      run.linearGroups(Math.ceil(pixels / 4)),
    );
  },
};

function isFloat({ input }: DeviceStep): boolean {
  return input.dtype === 'float32';
}

/** Two limbs where a window's weighted sum can reach 2^32. */
function sumBytesOf(step: DeviceStep): SumBytes {
  const largest = INTEGER_MAX[step.input.dtype as 'uint8' | 'uint16'];
  const weight = step.alpha === 'unassociated' ? largest : 1;
  return samplesOf(step) * largest * weight >= 2 ** 32 ? 8 : 4;
}

/** Samples of the widest window, which ends where the input does. */
function samplesOf({ operation, mapMax, window }: DeviceStep): number {
  if (operation.name !== 'box') return Math.min(neighbourhoodOf(operation).count, area(window));
  const side = 2 * (mapMax ?? (operation.params.radius as number)) + 1;
  return Math.min(side, window.width) * Math.min(side, window.height);
}
