/// <reference types="@webgpu/types" />
import { area } from '../../../../tiling/geometry/rect.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceRaster, DeviceStep } from '../device/gpu-kernel.js';
import { hasNoHoles, weighedPixels } from '../samples/weighed-pixels.js';
import { sumTable } from './summed-table.js';

/** Samples that one invocation looks at when the largest is searched. */
const SAMPLES_EACH = 16;
const LANES = { files: ['samples/numbers', 'samples/holes', 'summed-area/lanes-float'] };

/** Integers that a step's float32 samples are summed as, and how many samples are not finite or count. */
export interface FloatTables {
  /** The largest exponent field of a finite sample. */
  readonly extent: GPUBuffer;
  /** Sums of lane 0 of lanes-float.wgsl, two limbs. */
  readonly values: GPUBuffer;
  /** Sums of its lane 1. */
  readonly spoilt: GPUBuffer;
  /** Sums of its lane 2, where some samples do not count. */
  readonly counted?: GPUBuffer;
}

/** Adds the passes that make these tables over a step's window. */
export async function floatTables(run: DeviceRun, step: DeviceStep, input: DeviceRaster): Promise<FloatTables> {
  const { channels } = step.input;
  const samples = area(step.window) * channels;
  const pixels = await weighedPixels(run, step, input, false);
  const extent = await run.constantData(Uint32Array.of(0));
  const [across, down] = run.linearGroups(Math.ceil(samples / SAMPLES_EACH));
  await run.dispatch(
    {
      files: ['samples/samples', 'samples/numbers', 'samples/holes', 'summed-area/float-extent'],
      entry: 'findExtent',
      constants: { CHANNELS: channels, BYTES: 4 },
    },
    [samples, across * down * 64],
    { ...pixels, 2: extent },
    [across, down],
  );
  const bindings = { ...pixels, 9: extent };
  return {
    extent,
    values: await sumTable(run, step, { ...LANES, number: 0, bindings }, 8),
    spoilt: await sumTable(run, step, { ...LANES, number: 1, bindings }, 4),
    ...(!hasNoHoles(step) && { counted: await sumTable(run, step, { ...LANES, number: 2, bindings }, 4) }),
  };
}

/** Adds the passes that count samples that are not finite over a step's window. */
export async function spoiltTable(run: DeviceRun, step: DeviceStep, input: DeviceRaster): Promise<GPUBuffer> {
  const pixels = await weighedPixels(run, step, input, false);
  // The lane that counts reads no extent: anything may stand there.
  return sumTable(run, step, { ...LANES, number: 1, bindings: { ...pixels, 9: input.buffer } }, 4);
}
