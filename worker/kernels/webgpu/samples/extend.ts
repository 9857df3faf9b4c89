/// <reference types="@webgpu/types" />
import { area, intersect, type Rect, rectOf, type Size } from '../../../../tiling/geometry/rect.js';
import { type DType, SAMPLE_BYTES, toSample } from '../../../../tiling/raster/dtype.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceRaster, DeviceStep } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';

const BORDER_NUMBERS = { clip: 0, nearest: 0, reflect: 1, mirror: 2, constant: 3 } as const;

/**
 * The window that a step reads, from the pixels of it that lie in the image: the same raster where the border cuts
 * or nothing lies beyond, otherwise a new one, equal to the reference's extension.
 */
export async function extendOnDevice(run: DeviceRun, step: DeviceStep, inside: DeviceRaster): Promise<DeviceRaster> {
  const { window, operation, image, input } = step;
  if (isWithin(step)) return inside;
  const constant = sampleBits(input.dtype, operation.constantValue);
  const buffer = await gathered(run, inside, window, { image, border: operation.border, constant });
  return { rect: window, ...input, buffer };
}

/** Validity of the window that a step reads; a constant beyond the image is no masked pixel. */
export async function extendMask(
  run: DeviceRun,
  step: DeviceStep,
  inside: DeviceRaster,
): Promise<GPUBuffer | undefined> {
  const { window, operation, image } = step;
  const mask = maskOf(inside);
  if (mask === undefined || isWithin(step)) return mask?.buffer;
  return gathered(run, mask, window, { image, border: operation.border, constant: 255 });
}

/** Validity of a step's output: that of the same pixels of its input. */
export async function cropMask(
  run: DeviceRun,
  { output, image }: DeviceStep,
  input: DeviceRaster,
): Promise<GPUBuffer | undefined> {
  const mask = maskOf(input);
  if (mask === undefined) return undefined;
  return gathered(run, mask, output, { image, border: 'clip', constant: 0 });
}

function isWithin({ window, operation, image }: DeviceStep): boolean {
  return operation.border === 'clip' || area(intersect(window, rectOf(image))) === area(window);
}

function maskOf({ rect, valid }: DeviceRaster): DeviceRaster | undefined {
  return valid === undefined ? undefined : { rect, dtype: 'uint8', channels: 1, buffer: valid };
}

interface Extension {
  readonly image: Size;
  readonly border: keyof typeof BORDER_NUMBERS;
  readonly constant: number;
}

/** Pixels of `rect` in a new buffer, from a raster that holds those of them that lie in the image. */
async function gathered(run: DeviceRun, from: DeviceRaster, rect: Rect, extension: Extension): Promise<GPUBuffer> {
  const { image, border, constant } = extension;
  const bytes = SAMPLE_BYTES[from.dtype];
  const samples = area(rect) * from.channels;
  const words = Math.ceil((samples * bytes) / 4);
  const buffer = await run.storage(words * 4);
  await run.dispatch(
    {
      files: ['samples/samples', 'samples/extend'],
      entry: 'extend',
      constants: { CHANNELS: from.channels, BYTES: bytes },
    },
    uniformsOf('samples/extend', {
      ...{ x: rect.x, y: rect.y, width: rect.width, samples },
      ...{ insideX: from.rect.x, insideY: from.rect.y, insideWidth: from.rect.width },
      ...{ imageWidth: image.width, imageHeight: image.height, border: BORDER_NUMBERS[border], constant },
    }),
    { 1: from.buffer, 2: buffer },
    run.linearGroups(words),
  );
  return buffer;
}

/** A sample as its bits, which is how programs are given it. */
function sampleBits(dtype: DType, value: number): number {
  if (dtype !== 'float32') return toSample(dtype, value);
  return new Int32Array(Float32Array.of(value).buffer)[0]!;
}
