/// <reference types="@webgpu/types" />
import { area } from '../../../../tiling/geometry/rect.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceRaster, DeviceStep } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { weighedPixels } from '../samples/weighed-pixels.js';

/** How a weighted mean is taken. */
export interface Weighing {
  /** Whether a sample that weighs and is not finite stays in the products, as NaN; otherwise it stands as 0. */
  readonly marked: boolean;
  /** Sums of weights up to this are none, and leave a sample what it is. */
  readonly least: number;
  /** Adds the passes that sum a plane of float32 samples over the step's windows, undivided; the same for both. */
  readonly sumsOf: (plane: GPUBuffer) => Promise<GPUBuffer>;
}

/** Adds the passes of Σ(w·g·s) / Σ(w·g), where `sumsOf` weighs by g and nodata, masks and alpha by w. */
export async function encodeWeighed(
  run: DeviceRun,
  step: DeviceStep,
  { input, output }: { readonly input: DeviceRaster; readonly output: DeviceRaster },
  { marked, least, sumsOf }: Weighing,
): Promise<void> {
  const { channels, dtype } = step.input;
  const held = area(input.rect) * channels;
  const bytes = SAMPLE_BYTES[dtype];
  const constants = { CHANNELS: channels, BYTES: bytes };
  const pixels = await weighedPixels(run, step, input, true);
  const products = await run.storage(held * 4);
  const weights = await run.storage(held * 4);
  await run.dispatch(
    { files: ['samples/samples', 'samples/numbers', 'samples/validity', 'gaussian/weigh'], entry: 'weigh', constants },
    uniformsOf('gaussian/weigh', { samples: held, mark: Number(marked) }),
    { ...pixels, 2: products, 3: weights },
    run.linearGroups(held),
  );
  const samples = area(output.rect) * channels;
  await run.dispatch(
    {
      files: ['samples/samples', 'samples/numbers', 'samples/validity', 'gaussian/weighed-quotients'],
      entry: 'quotients',
      constants,
    },
    uniformsOf('gaussian/weighed-quotients', {
      ...{ inputWidth: input.rect.width, outputWidth: output.rect.width, samples },
      ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y, least },
    }),
    { ...pixels, 2: await sumsOf(products), 3: await sumsOf(weights), 4: output.buffer },
    run.linearGroups(Math.ceil((samples * bytes) / 4)),
  );
}
