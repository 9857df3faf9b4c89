import { area } from '../../../../tiling/geometry/rect.js';
import { type GpuKernel, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { keepInvalid } from '../samples/keep-invalid.js';
import { allValid } from '../samples/weighed-pixels.js';
import { floatTables } from '../summed-area/float-tables.js';
import { tableBytes, WIDE_STORAGE_BYTES } from '../summed-area/summed-table.js';
import { MAX_RECTS, rectsOf } from '../summed-area/window-rects.js';

/**
 * Means of float32 samples over squares by map and under any footprint. Samples become integers in units of 2^-30 of
 * the power of two above the tile's largest, so that the summed-area table is exact whatever a compiler does; what a
 * sample loses is at most 2^-31 of the largest, nothing where it is within 2^-6 of it. The sum becomes float32 and
 * is divided by the count, which is off by at most 10 units of 2^-24 of itself: together less than 7·10⁻⁷ of the
 * largest sample of the tile's input. A window with a sample that is not finite gives NaN. Nodata and masked pixels
 * take part in nothing and stay what they are.
 */
export const gpuFloatMeans: GpuKernel = {
  variants: ({ input }) => [`window means float32×${input.channels}`],
  refusal(step, limits) {
    const unfit = unfitPixels(step, { float32: true, nodata: true, masks: true });
    if (unfit !== undefined) return unfit;
    const rects = rectsOf(step).length / 4;
    if (rects > MAX_RECTS) return `a footprint of ${rects} rectangles`;
    return limits.workgroupStorageBytes < WIDE_STORAGE_BYTES ? 'too little workgroup memory' : undefined;
  },
  scratchBytes(step) {
    const { channels } = step.input;
    const values = tableBytes(step.window, channels, 8);
    const nonFinite = tableBytes(step.window, channels, 4);
    const counts = (allValid(step) ? 1 : 2) * nonFinite.total;
    return { largest: values.table, total: values.total + counts + rectsOf(step).byteLength };
  },
  async encode(run, step, { input, output, radii }) {
    const { extent, values, nonFinite, counted } = await floatTables(run, step, input);
    const { channels } = step.input;
    const rects = rectsOf(step);
    const samples = area(output.rect) * channels;
    await run.dispatch(
      {
        files: [
          'samples/samples',
          'summed-area/sum-wide',
          'samples/limbs',
          'summed-area/windows',
          'moments/float-means',
        ],
        entry: 'floatMeans',
        constants: { CHANNELS: channels },
      },
      uniformsOf('moments/float-means', {
        ...{ inputWidth: input.rect.width, inputHeight: input.rect.height, outputWidth: output.rect.width, samples },
        ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y },
        ...{ rectangles: rects.length / 4, invalid: counted ? 1 : 0 },
      }),
      {
        ...{ 1: input.buffer, 2: values, 3: nonFinite, 5: output.buffer, 6: extent, 9: counted ?? nonFinite },
        4: radii ?? (await run.constantData(new Uint32Array(rects.buffer))),
      },
      run.linearGroups(samples),
    );
    if (counted !== undefined) await keepInvalid(run, step, { input, output });
  },
};
