/// <reference types="@webgpu/types" />
import { area } from '../../../../tiling/geometry/rect.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceRaster, DeviceStep } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { allValid, weighedPixels } from '../samples/weighed-pixels.js';
import { FLOAT_LANE, sumTable } from './summed-table.js';

/** Samples that one invocation looks at when the largest is searched. */
const SAMPLES_EACH = 16;
const LANES = { files: ['samples/numbers', 'samples/validity', 'summed-area/lanes-float'] };

/** Integers that a step's float32 samples are summed as, and how many samples are not finite or count. */
export interface FloatTables {
  /** The largest exponent field of a finite sample. */
  readonly extent: GPUBuffer;
  /** Sums of the values of lanes-float.wgsl, two limbs. */
  readonly values: GPUBuffer;
  /** How many samples are not finite. */
  readonly nonFinite: GPUBuffer;
  /** How many samples count, where some do not. */
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
      files: ['samples/samples', 'samples/numbers', 'samples/validity', 'summed-area/float-extent'],
      entry: 'findExtent',
      constants: { CHANNELS: channels, BYTES: 4 },
    },
    uniformsOf('summed-area/float-extent', { samples, stride: across * down * 64 }),
    { ...pixels, 2: extent },
    [across, down],
  );
  const bindings = { ...pixels, 9: extent };
  return {
    extent,
    values: await sumTable(run, step, { ...LANES, number: FLOAT_LANE.values, bindings }, 8),
    nonFinite: await sumTable(run, step, { ...LANES, number: FLOAT_LANE.nonFinite, bindings }, 4),
    ...(!allValid(step) && {
      counted: await sumTable(run, step, { ...LANES, number: FLOAT_LANE.counted, bindings }, 4),
    }),
  };
}

/** Adds the passes that count samples that are not finite over a step's window. */
export async function nonFiniteTable(run: DeviceRun, step: DeviceStep, input: DeviceRaster): Promise<GPUBuffer> {
  const pixels = await weighedPixels(run, step, input, false);
  // The lane that counts reads no extent: anything may stand there.
  return sumTable(run, step, { ...LANES, number: FLOAT_LANE.nonFinite, bindings: { ...pixels, 9: input.buffer } }, 4);
}
