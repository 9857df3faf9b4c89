/// <reference types="@webgpu/types" />
import { area } from '../../../tiling/geometry/rect.js';
import { bufferBytes, type ChainRequest, firstRect, rasterBytes } from './chain-request.js';
import type { DeviceRun } from './device-run.js';
import { cropMask, extendMask, extendOnDevice } from './extend.js';
import type { DeviceRaster } from './gpu-kernel.js';
import { GPU_KERNELS } from './index.js';

/** What was copied in for a chain, on the device. */
export interface ChainUploads {
  readonly input: GPUBuffer;
  /** By step, for operations by map. */
  readonly radii: readonly (GPUBuffer | undefined)[];
  /** Validity of the input's pixels. */
  readonly mask?: GPUBuffer;
  /** By step, the images that it reads beside its input, by parameter. */
  readonly frames: readonly (Readonly<Record<string, GPUBuffer>> | undefined)[];
}

/** Adds the passes of every step; the result is the last one's output. */
export async function encodeSteps(
  run: DeviceRun,
  { steps }: Pick<ChainRequest, 'steps'>,
  uploads: ChainUploads,
): Promise<DeviceRaster> {
  let raster: DeviceRaster = {
    rect: firstRect(steps),
    ...steps[0]!.input,
    buffer: uploads.input,
    valid: uploads.mask,
  };
  for (const [index, step] of steps.entries()) {
    const input = { ...(await extendOnDevice(run, step, raster)), valid: await extendMask(run, step, raster) };
    const bytes = bufferBytes(rasterBytes(step.output, step.result));
    const output = { rect: step.output, ...step.result, buffer: await run.storage(bytes) };
    if (area(output.rect) > 0) {
      const { radii, frames } = uploads;
      await GPU_KERNELS[step.operation.name]!.encode(run, step, {
        input,
        output,
        radii: radii[index],
        frames: frames[index],
      });
    }
    const valid = index + 1 < steps.length ? await cropMask(run, step, input) : undefined;
    raster = { ...output, valid };
  }
  return raster;
}
