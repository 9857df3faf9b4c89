/// <reference types="@webgpu/types" />
import { area } from '../../../../tiling/geometry/rect.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceWork, PlaceSent } from '../device/device-work.js';
import type { DeviceRaster } from '../device/gpu-kernel.js';
import { GPU_KERNELS } from '../index.js';
import { cropMask, extendMask, extendOnDevice } from '../samples/extend.js';
import { bufferBytes, type ChainRequest, deviceBytes, firstRect, rasterBytes } from './chain-request.js';

/** A chain as a device's work: its pixels stay there from the first operation to the last. */
export function chainWork(request: ChainRequest): DeviceWork {
  const { steps, exchange, result } = request;
  return {
    deviceBytes: deviceBytes(steps),
    sent: new Uint8Array(exchange, 0, result.offset),
    encode: (run, place) => encodeSteps(run, request, place),
    resultBytes: result.bytes,
    take: (pixels) => new Uint8Array(exchange, result.offset, result.bytes).set(pixels),
  };
}

/** Adds the passes of every step; the result is the last one's output. */
async function encodeSteps(run: DeviceRun, request: ChainRequest, place: PlaceSent): Promise<GPUBuffer> {
  const { steps, inputBytes, mask } = request;
  let raster: DeviceRaster = {
    rect: firstRect(steps),
    ...steps[0]!.input,
    buffer: await place({ offset: 0, bytes: inputBytes }, rasterBytes(steps[0]!.window, steps[0]!.input)),
    valid: mask && (await place(mask)),
  };
  for (const [index, step] of steps.entries()) {
    const input = { ...(await extendOnDevice(run, step, raster)), valid: await extendMask(run, step, raster) };
    const bytes = bufferBytes(rasterBytes(step.output, step.result));
    const output = { rect: step.output, ...step.result, buffer: await run.storage(bytes) };
    if (area(output.rect) > 0) {
      const radii = request.radii[index];
      const frames: Record<string, GPUBuffer> = {};
      for (const [param, part] of Object.entries(request.frames[index] ?? {})) frames[param] = await place(part);
      const beside = { radii: radii && (await place(radii)), frames };
      await GPU_KERNELS[step.operation.name]!.encode(run, step, { input, output, ...beside });
    }
    const valid = index + 1 < steps.length ? await cropMask(run, step, input) : undefined;
    raster = { ...output, valid };
  }
  return raster.buffer;
}
