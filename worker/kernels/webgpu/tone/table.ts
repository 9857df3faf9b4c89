import { area } from '../../../../tiling/geometry/rect.js';
import { allocateSamples, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { TileRaster } from '../../kernel.js';
import { REFERENCE_KERNELS } from '../../reference/index.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';

/** Tables kept from tile to tile; a job has a handful. */
const KEPT_TABLES = 16;

/**
 * Point operations whose result depends on the sample and its channel alone: gamma, levels, lut, threshold by a
 * fixed value or Otsu's, flat-field by numbers. The reference computes the result of every sample value once and
 * the device looks it up, so that integers equal the reference whatever the formula, nodata and alpha included.
 */
export const gpuTable: GpuKernel = {
  variants: ({ input, result }) => [`table ${input.dtype}→${result.dtype}×${input.channels}`],
  refusal: (step) => unfitPixels(step, { nodata: true, alpha: true, masks: true }),
  scratchBytes(step) {
    const bytes = tableLength(step) * 4;
    return { largest: bytes, total: bytes };
  },
  async encode(run, step, { input, output }) {
    const samples = area(output.rect) * step.result.channels;
    const resultBytes = SAMPLE_BYTES[step.result.dtype];
    const MASKED = Number(input.valid !== undefined);
    const constants = {
      CHANNELS: step.input.channels,
      BYTES: SAMPLE_BYTES[step.input.dtype],
      RESULT_BYTES: resultBytes,
    };
    await run.dispatch(
      { files: ['samples/samples', 'tone/table'], entry: 'lookUp', constants: { ...constants, MASKED } },
      uniformsOf('tone/table', {
        ...{ inputWidth: input.rect.width, outputWidth: output.rect.width, samples },
        ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y },
      }),
      { 1: input.buffer, 2: await run.constantData(tableOf(step)), 3: output.buffer, 4: input.valid ?? input.buffer },
      run.linearGroups(Math.ceil((samples * resultBytes) / 4)),
    );
  },
};

const tables = new Map<string, Uint32Array<ArrayBuffer>>();

function tableLength({ input }: DeviceStep): number {
  return input.channels * 2 ** (8 * SAMPLE_BYTES[input.dtype]);
}

/** The reference's result for every value of every channel, channel-major. */
function tableOf(step: DeviceStep): Uint32Array<ArrayBuffer> {
  const { operation, input, result, alpha, nodata } = step;
  const key = JSON.stringify([operation, input, result, alpha, nodata]);
  const known = tables.get(key);
  if (known !== undefined) return known;
  const values = tableLength(step) / input.channels;
  const rect = { x: 0, y: 0, width: values, height: 1 };
  const ramp = emptyRow(rect, input);
  for (let i = 0; i < ramp.samples.length; i++) ramp.samples[i] = Math.floor(i / input.channels);
  const mapped = emptyRow(rect, result);
  REFERENCE_KERNELS[operation.name]!(ramp, mapped, operation, { image: rect, alpha, nodata });
  const table = new Uint32Array(tableLength(step));
  for (let i = 0; i < mapped.samples.length; i++) {
    table[(i % input.channels) * values + Math.floor(i / input.channels)] = mapped.samples[i]!;
  }
  if (tables.size === KEPT_TABLES) tables.clear();
  tables.set(key, table);
  return table;
}

function emptyRow(rect: TileRaster['rect'], { dtype, channels }: DeviceStep['input']): TileRaster {
  const stride = rect.width * channels;
  return { rect, dtype, channels, stride, samples: allocateSamples(dtype, stride) };
}
