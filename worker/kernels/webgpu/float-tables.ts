/// <reference types="@webgpu/types" />
import { area } from '../../../tiling/geometry/rect.js';
import type { DeviceRun } from './device-run.js';
import type { DeviceRaster, DeviceStep } from './gpu-kernel.js';
import { sumTable } from './summed-table.js';

/** Samples that one invocation looks at when the largest is searched. */
const SAMPLES_EACH = 16;

/** Integers that a step's float32 samples are summed as, and how many samples are not finite. */
export interface FloatTables {
  /** The largest exponent field of a finite sample. */
  readonly extent: GPUBuffer;
  /** Sums of lane 0 of lanes-float.wgsl, two limbs. */
  readonly values: GPUBuffer;
  /** Sums of its lane 1. */
  readonly spoilt: GPUBuffer;
}

/** Adds the passes that make both tables over a step's window. */
export async function floatTables(run: DeviceRun, step: DeviceStep, input: DeviceRaster): Promise<FloatTables> {
  const samples = area(step.window) * step.input.channels;
  const extent = await run.constantData(Uint32Array.of(0));
  const [across, down] = run.linearGroups(Math.ceil(samples / SAMPLES_EACH));
  await run.dispatch(
    { files: ['samples', 'numbers', 'float-extent'], entry: 'findExtent', constants: { BYTES: 4 } },
    [samples, across * down * 64],
    { 1: input.buffer, 2: extent },
    [across, down],
  );
  const lane = { files: ['numbers', 'lanes-float'], bindings: { 1: input.buffer, 7: extent } };
  return {
    extent,
    values: await sumTable(run, step, { ...lane, number: 0 }, 8),
    spoilt: await spoiltTable(run, step, input, extent),
  };
}

/** Adds the passes that count samples that are not finite over a step's window. */
export function spoiltTable(
  run: DeviceRun,
  step: DeviceStep,
  input: DeviceRaster,
  extent: GPUBuffer = input.buffer,
): Promise<GPUBuffer> {
  // The lane that counts reads no extent: anything may stand there.
  const lane = { files: ['numbers', 'lanes-float'], bindings: { 1: input.buffer, 7: extent } };
  return sumTable(run, step, { ...lane, number: 1 }, 4);
}
