/// <reference types="@webgpu/types" />
import { area } from '../../../../tiling/geometry/rect.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceRaster } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';

/** A raster's samples as float32, 0 where they are not finite, dense. */
export async function expandOnDevice(run: DeviceRun, raster: DeviceRaster): Promise<GPUBuffer> {
  const samples = area(raster.rect) * raster.channels;
  const plane = await run.storage(samples * 4);
  const constants = { BYTES: SAMPLE_BYTES[raster.dtype] };
  const program = { files: ['samples/samples', 'samples/numbers', 'gaussian/expand'], entry: 'expand', constants };
  const params = uniformsOf('gaussian/expand', { samples });
  await run.dispatch(program, params, { 1: raster.buffer, 2: plane }, run.linearGroups(samples));
  return plane;
}
