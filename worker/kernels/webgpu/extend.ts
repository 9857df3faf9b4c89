import { area, intersect, rectOf } from '../../../tiling/geometry/rect.js';
import { type DType, SAMPLE_BYTES, toSample } from '../../../tiling/raster/dtype.js';
import type { DeviceRun } from './device-run.js';
import type { DeviceRaster, DeviceStep } from './gpu-kernel.js';

const BORDER_NUMBERS = { nearest: 0, reflect: 1, mirror: 2, constant: 3 } as const;

/**
 * The window that a step reads, from the pixels of it that lie in the image: the same raster where the border cuts
 * or nothing lies beyond, otherwise a new one, equal to the reference's extension.
 */
export async function extendOnDevice(run: DeviceRun, step: DeviceStep, inside: DeviceRaster): Promise<DeviceRaster> {
  const { window, operation, image, input } = step;
  const { dtype, channels } = input;
  const held = intersect(window, rectOf(image));
  if (operation.border === 'clip' || area(held) === area(window)) return inside;
  const samples = area(window) * channels;
  const words = Math.ceil((samples * SAMPLE_BYTES[dtype]) / 4);
  const buffer = await run.storage(words * 4);
  const constants = { CHANNELS: channels, BYTES: SAMPLE_BYTES[dtype] };
  await run.dispatch(
    { files: ['samples', 'extend'], entry: 'extend', constants },
    [
      ...[window.x, window.y, window.width, samples],
      ...[held.x, held.y, held.width, image.width, image.height],
      ...[BORDER_NUMBERS[operation.border], sampleBits(dtype, operation.constantValue)],
    ],
    { 1: inside.buffer, 2: buffer },
    run.linearGroups(words),
  );
  return { rect: window, dtype, channels, buffer };
}

/** A sample as its bits, which is how programs are given it. */
function sampleBits(dtype: DType, value: number): number {
  if (dtype !== 'float32') return toSample(dtype, value);
  return new Int32Array(Float32Array.of(value).buffer)[0]!;
}
