import { area } from '../../../../tiling/geometry/rect.js';
import { flatFieldOf } from '../../../../tiling/operations/flat-field.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { weighedPixels } from '../samples/weighed-pixels.js';
import { gpuTable } from './table.js';

const LARGEST = 65535;
/** More than any channel. */
const NO_CHANNEL = 0xffffffff;

/**
 * Flat-field correction: by a table where both frames are numbers, otherwise pixel by pixel in integers, which give
 * what the reference gives since its quotients of such integers never round to a tie. Frames are uint8 or uint16,
 * numbers and the scale whole.
 */
export const gpuFlatField: GpuKernel = {
  variants: (step) =>
    step.frames === undefined ? gpuTable.variants(step) : [`flat-field ${step.input.dtype}×${step.input.channels}`],
  refusal(step, limits) {
    if (step.frames === undefined) return gpuTable.refusal(step, limits);
    const unfit = unfitPixels(step, { nodata: true, alpha: true, masks: true });
    if (unfit !== undefined) return unfit;
    if (Object.values(step.frames).some(({ dtype }) => dtype === 'float32')) return 'float32 frames';
    const { dark, flat, scale } = flatFieldOf(step.operation, step.input.dtype);
    const numbers = [dark, flat, scale].filter((each) => typeof each === 'number');
    const whole = numbers.every((each) => Number.isInteger(each) && each >= 0 && each <= LARGEST);
    return whole ? undefined : 'fractions of samples';
  },
  scratchBytes: (step) => (step.frames === undefined ? gpuTable.scratchBytes(step) : { largest: 0, total: 0 }),
  async encode(run, step, rasters) {
    if (step.frames === undefined) return gpuTable.encode(run, step, rasters);
    const { input, output, frames } = rasters;
    const { dark, flat, scale } = flatFieldOf(step.operation, step.input.dtype);
    const pixels = area(output.rect);
    const types = [frameType(step, 'dark'), frameType(step, 'flat')] as const;
    await run.dispatch(
      {
        files: ['samples/samples', 'samples/validity', 'tone/calibrate'],
        entry: 'calibrate',
        constants: { CHANNELS: step.input.channels, BYTES: SAMPLE_BYTES[step.input.dtype] },
      },
      uniformsOf('tone/calibrate', {
        ...{ inputWidth: input.rect.width, outputWidth: output.rect.width, outputPixels: pixels },
        ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y, scale },
        kept: step.alpha === 'none' ? NO_CHANNEL : step.input.channels - 1,
        ...{ dark: Number(dark) || 0, flat: Number(flat) || 0 },
        ...{ darkChannels: types[0].channels, flatChannels: types[1].channels },
        ...{ darkBytes: types[0].bytes, flatBytes: types[1].bytes },
      }),
      // A number's buffer is bound and not read.
      {
        ...(await weighedPixels(run, step, input, false)),
        2: frames?.dark ?? input.buffer,
        3: frames?.flat ?? input.buffer,
        5: output.buffer,
      },
      run.linearGroups(Math.ceil(pixels / 4)),
    );
  },
};

/** Channels and bytes of a frame's samples, 0 where it is a number. */
function frameType({ frames }: DeviceStep, param: string): { readonly channels: number; readonly bytes: number } {
  const frame = frames?.[param];
  return frame === undefined
    ? { channels: 0, bytes: 0 }
    : { channels: frame.channels, bytes: SAMPLE_BYTES[frame.dtype] };
}
