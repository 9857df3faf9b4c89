import { area } from '../../../../tiling/geometry/rect.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceStep, StepRasters } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { weighedPixels } from './weighed-pixels.js';

/** Adds the pass that puts invalid samples of float32 back: windows around them were averaged like all others. */
export async function keepInvalid(run: DeviceRun, step: DeviceStep, { input, output }: StepRasters): Promise<void> {
  const { channels } = step.input;
  const samples = area(output.rect) * channels;
  await run.dispatch(
    {
      files: ['samples/samples', 'samples/validity', 'samples/keep-invalid'],
      entry: 'keepInvalid',
      constants: { CHANNELS: channels, BYTES: 4 },
    },
    uniformsOf('samples/keep-invalid', {
      ...{ inputWidth: input.rect.width, outputWidth: output.rect.width, samples },
      ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y },
    }),
    { ...(await weighedPixels(run, step, input, false)), 2: output.buffer },
    run.linearGroups(samples),
  );
}
