import { area, type Rect } from '../../tiling/geometry/rect.js';
import { bytesOf, viewSamples } from '../../tiling/raster/dtype.js';
import type { TileMap, TileRaster } from '../../worker/kernels/kernel.js';
import { firstRect, fitsDevice, layOutExchange, packMap } from '../../worker/kernels/webgpu/chain/chain-request.js';
import { framesOf, withIntervals } from '../../worker/kernels/webgpu/chain/chain-steps.js';
import type { GpuDevice } from '../../worker/kernels/webgpu/chain/gpu-device.js';
import type { DeviceStep } from '../../worker/kernels/webgpu/device/gpu-kernel.js';
import { type OperationCase, paste, type TileInput, tileInputs } from '../conformance/operation-tiles.js';

/**
 * A case run tile by tile on a device, as `runTiled` does with a kernel; undefined where the device leaves the
 * operation to the processor.
 */
export async function runOnDevice(
  device: GpuDevice,
  test: OperationCase,
  tile: { width: number; height: number },
): Promise<TileRaster | undefined> {
  const { whole, tiles } = tileInputs(test, tile);
  for (const each of tiles) {
    const step = withIntervals(deviceStep(each), each.context.map);
    if (!fitsDevice(step, device.opened.limits)) return undefined;
    const samples = await computeSteps(device, [step], each.input, [each.context.map], framesUnder(each));
    each.output.samples.set(samples);
    paste(each.output, whole);
  }
  return whole;
}

/** The last step's output, from the pixels of the first one's window that lie in the image; frames of a first step. */
export async function computeSteps(
  device: GpuDevice,
  steps: readonly DeviceStep[],
  input: TileRaster,
  maps: readonly (TileMap | undefined)[],
  frames: Readonly<Record<string, TileRaster['samples']>> = {},
): Promise<TileRaster['samples']> {
  const layout = layOutExchange(steps);
  const exchange = new SharedArrayBuffer(layout.bytes);
  const sent = firstRect(steps);
  const into = viewSamples(input.dtype, exchange, 0, area(sent) * input.channels);
  into.set(croppedSamples(input, sent));
  if (layout.mask !== undefined) new Uint8Array(exchange).set(croppedMask(input, sent), layout.mask.offset);
  for (const [i, place] of layout.radii.entries()) {
    if (place !== undefined) packMap(steps[i]!, maps[i]!, new Uint8Array(exchange, place.offset, place.bytes));
  }
  for (const [param, { offset, bytes }] of Object.entries(layout.frames[0] ?? {})) {
    new Uint8Array(exchange, offset, bytes).set(bytesOf(frames[param]!));
  }
  const answer = await device.answer({ ...layout, exchange });
  if (answer.kind === 'refused') throw new Error(`refused: ${answer.variants.join(', ')}`);
  const { output, result } = steps.at(-1)!;
  return viewSamples(result.dtype, exchange, layout.result.offset, area(output) * result.channels).slice();
}

/** The parts of a tile's other images that lie under its output. */
function framesUnder({ output, context }: TileInput): Record<string, TileRaster['samples']> {
  const named = Object.entries(context.extras ?? {});
  return Object.fromEntries(named.map(([param, frame]) => [param, croppedSamples(frame, output.rect)]));
}

function deviceStep({ input, output, operation, context }: TileInput): DeviceStep {
  const frames = framesOf(operation, (name) => context.extras![name]!);
  return {
    operation,
    window: input.rect,
    output: output.rect,
    input: { dtype: input.dtype, channels: input.channels },
    result: { dtype: output.dtype, channels: output.channels },
    image: context.image,
    alpha: context.alpha,
    ...(context.nodata && { nodata: context.nodata }),
    ...(input.valid && { masked: true }),
    ...(frames && { frames }),
    ...(context.map && { mapMax: context.map.max }),
  };
}

function croppedSamples(raster: TileRaster, rect: Rect): TileRaster['samples'] {
  const samples = raster.samples.slice(0, area(rect) * raster.channels);
  const length = rect.width * raster.channels;
  for (let row = 0; row < rect.height; row++) {
    const from = (rect.y - raster.rect.y + row) * raster.stride + (rect.x - raster.rect.x) * raster.channels;
    samples.set(raster.samples.subarray(from, from + length), row * length);
  }
  return samples;
}

function croppedMask({ rect, stride, channels, valid }: TileRaster, part: Rect): Uint8Array {
  const mask = new Uint8Array(area(part));
  for (let row = 0; row < part.height; row++) {
    const from = ((part.y - rect.y + row) * stride) / channels + part.x - rect.x;
    mask.set(valid!.subarray(from, from + part.width), row * part.width);
  }
  return mask;
}
