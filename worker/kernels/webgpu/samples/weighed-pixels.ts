/// <reference types="@webgpu/types" />
import type { DType } from '../../../../tiling/raster/dtype.js';
import { nodataSample } from '../../reference/samples/nodata.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceRaster, DeviceStep } from '../device/gpu-kernel.js';

/** No sample's bits: integers are smaller, and validity.wgsl knows one NaN only, another one. */
const NO_NODATA = 0xffffffff;

/**
 * Bindings of validity.wgsl for one step: the input's samples, which of them count, and whether colour is weighted by
 * unassociated alpha.
 */
export async function weighedPixels(
  run: DeviceRun,
  step: DeviceStep,
  input: DeviceRaster,
  byAlpha: boolean,
): Promise<Readonly<Record<1 | 7 | 8, GPUBuffer>>> {
  const { dtype } = step.input;
  const nodata = Array.from({ length: 4 }, (_, c) => bitsOf(dtype, nodataSample(dtype, step.nodata?.[c])));
  const flags = [Number(byAlpha && step.alpha === 'unassociated'), Number(input.valid !== undefined), 0, 0];
  const validity = await run.constantData(Uint32Array.from([...nodata, ...flags]));
  // Without a mask `valid` is bound and not read.
  return { 1: input.buffer, 7: validity, 8: input.valid ?? input.buffer };
}

/** A nodata value as validity.wgsl compares it. */
function bitsOf(dtype: DType, nodata: number | null): number {
  if (nodata === null) return NO_NODATA;
  if (dtype !== 'float32' || nodata === 0) return nodata;
  return Number.isNaN(nodata) ? 0x7fc00000 : new Uint32Array(Float32Array.of(nodata).buffer)[0]!;
}

/** Whether every sample of a step counts, and colour is averaged by alpha nowhere. */
export function isPlain(step: DeviceStep): boolean {
  return allValid(step) && step.alpha !== 'unassociated';
}

/** Whether every sample of a step counts. */
export function allValid({ nodata, masked }: DeviceStep): boolean {
  return nodata === undefined && masked !== true;
}
