import { fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { area, type Rect } from '../../tiling/geometry/rect.js';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import type { ChainLink } from '../../tiling/plan/chain.js';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import type { DeviceClient } from '../device/device-client.js';
import { partOf, type TileMap, type TileRaster } from '../kernels/kernel.js';
import { firstRect, fitsDevice, layOutExchange, packMap } from '../kernels/webgpu/chain/chain-request.js';
import { deviceStep, framesOf, withIntervals } from '../kernels/webgpu/chain/chain-steps.js';
import type { DeviceStep } from '../kernels/webgpu/device/gpu-kernel.js';
import { GPU_KERNELS } from '../kernels/webgpu/index.js';
import type { ChainInputs } from './open-job.js';
import { readExtras } from './read-extras.js';
import type { Tally } from './tally.js';

/** A chain for one tile as it stands before operation `index`, whose window is filled inside the image. */
export interface ChainState {
  readonly links: readonly ChainLink[];
  /** Pixels before and after each operation. */
  readonly types: readonly RasterInfo[];
  readonly maps: ReadonlyMap<Operation, TileMap>;
  readonly index: number;
  readonly window: TileRaster;
}

/** Operations that the device has run: `next` is the first one it has not. */
export interface ResidentRun {
  readonly next: number;
  /** Dense pixels of the last operation's output in memory shared with the device, until its next chain. */
  readonly samples: Uint8Array;
  readonly output: Rect;
}

/**
 * Runs as many of a chain's next operations as the device takes, without a copy between them. Undefined where it
 * takes none: the next operation is the processor's.
 */
export async function runResident(
  open: ChainInputs,
  chain: ChainState,
  tally: Tally,
): Promise<ResidentRun | undefined> {
  const { device } = open;
  if (device === undefined) return undefined;
  for (;;) {
    const steps = stepsFrom(open, chain, device);
    if (steps.length === 0) return undefined;
    const layout = layOutExchange(steps);
    const exchange = device.exchange(layout.bytes);
    fill(exchange, layout, chain, steps);
    await fillFrames(open, exchange, { layout, chain }, tally);
    const answer = await tally.timed('kernel', () => device.ask({ ...layout, exchange }));
    switch (answer.kind) {
      case 'done': {
        tally.addDevice(answer.seconds);
        const { offset, bytes } = layout.result;
        const output = steps.at(-1)!.output;
        return { next: chain.index + steps.length, samples: new Uint8Array(exchange, offset, bytes), output };
      }
      case 'refused':
        for (const variant of answer.variants) device.refused.add(variant);
        break;
      case 'too-large':
        if (steps.some(isBounded)) throw tooLarge(device.link.backend);
        return undefined;
      case 'error':
        throw fromErrorRecord(answer.error);
    }
  }
}

/** Puts what a resident run gave where the chain wants it. */
export function takeResident({ samples, output }: ResidentRun, into: TileRaster): void {
  const bytes = bytesOf(into.samples);
  const pixelBytes = into.channels * SAMPLE_BYTES[into.dtype];
  const rowBytes = output.width * pixelBytes;
  const strideBytes = into.stride * SAMPLE_BYTES[into.dtype];
  const first = (output.y - into.rect.y) * strideBytes + (output.x - into.rect.x) * pixelBytes;
  for (let row = 0; row < output.height; row++) {
    bytes.set(samples.subarray(row * rowBytes, (row + 1) * rowBytes), first + row * strideBytes);
  }
}

/**
 * The next operations that the device takes, in its terms. A bounded one only in a job that keeps to this device:
 * its tiles must all have the same roundings.
 */
function stepsFrom(
  { extras, job }: ChainInputs,
  { links, types, maps, index, window }: ChainState,
  device: DeviceClient,
): DeviceStep[] {
  const steps: DeviceStep[] = [];
  for (const [offset, link] of links.slice(index).entries()) {
    const { operation, output } = link;
    const map = maps.get(operation);
    const plain = deviceStep(link, {
      before: types[index + offset]!,
      after: types[index + offset + 1]!,
      masked: window.valid !== undefined,
      frames: framesOf(operation, (path) => extras[path]!.source.info),
      mapMax: map?.max,
    });
    const step = withIntervals(plain, map);
    if (step.input.dtype === 'uint32' || step.result.dtype === 'uint32') break;
    if (isBounded(step) && job.boundedBackend !== device.link.backend) break;
    if (area(output) === 0 || !fitsDevice(step, device.link.limits)) break;
    if (GPU_KERNELS[operation.name]!.variants(step).some((variant) => device.refused.has(variant))) break;
    steps.push(step);
  }
  return steps;
}

function tooLarge(backend: string): HalotileError {
  return new HalotileError('over-limit', {
    what: 'a tile has no room on the GPU that computed the tiles before it',
    where: backend,
    remedy: 'use --restart with a smaller --tile or with --backend wasm',
  });
}

function isBounded({ operation, input }: DeviceStep): boolean {
  return OPERATIONS[operation.name]!.numeric(input.dtype) === 'bounded';
}

function fill(
  exchange: SharedArrayBuffer,
  { radii, mask }: ReturnType<typeof layOutExchange>,
  { window, maps }: ChainState,
  steps: readonly DeviceStep[],
): void {
  const sent = partOf(window, firstRect(steps));
  const bytes = new Uint8Array(exchange);
  copyRows(sent, bytes);
  if (mask !== undefined) copyRows(maskOf(sent), bytes.subarray(mask.offset));
  for (const [i, place] of radii.entries()) {
    if (place === undefined) continue;
    const { operation } = steps[i]!;
    packMap(steps[i]!, maps.get(operation)!, bytes.subarray(place.offset, place.offset + place.bytes));
  }
}

/** Reads the images beside the job's own that steps need into the exchange. */
async function fillFrames(
  open: ChainInputs,
  exchange: SharedArrayBuffer,
  { layout, chain }: { readonly layout: ReturnType<typeof layOutExchange>; readonly chain: ChainState },
  tally: Tally,
): Promise<void> {
  for (const [i, places] of layout.frames.entries()) {
    if (places === undefined) continue;
    const rasters = await readExtras(open, chain.links[chain.index + i]!, tally);
    for (const [param, { offset }] of Object.entries(places)) {
      copyRows(rasters![param]!, new Uint8Array(exchange, offset));
    }
  }
}

/** Copies a raster's rows densely. */
function copyRows({ rect, samples, channels, stride, dtype }: TileRaster, into: Uint8Array): void {
  const from = bytesOf(samples);
  const rowBytes = rect.width * channels * SAMPLE_BYTES[dtype];
  const strideBytes = stride * SAMPLE_BYTES[dtype];
  for (let row = 0; row < rect.height; row++) {
    into.set(from.subarray(row * strideBytes, row * strideBytes + rowBytes), row * rowBytes);
  }
}

function maskOf({ rect, valid, channels, stride }: TileRaster): TileRaster {
  return { rect, dtype: 'uint8', channels: 1, stride: stride / channels, samples: valid! };
}
