import { area, grow, intersect, type Rect, rectOf } from '../../../../tiling/geometry/rect.js';
import type { DeviceSeconds } from '../../../../tiling/job/job-figures.js';
import { OPERATIONS } from '../../../../tiling/operations/index.js';
import { allocateSamples, type DType, type Samples, viewSamples } from '../../../../tiling/raster/dtype.js';
import type { TileMap, TileRaster } from '../../kernel.js';
import { extendBorder, REFERENCE_KERNELS } from '../../reference/index.js';
import type { DeviceStep } from '../device/gpu-kernel.js';
import { GPU_KERNELS } from '../index.js';
import type { ChainRequest } from './chain-request.js';
import { firstRect, layOutExchange, packMap } from './chain-request.js';
import { withIntervals } from './chain-steps.js';
import { allCases, type CheckCase } from './self-check-cases.js';

/** The cases of all variants, by the variant that they check. */
const CASES = byVariant(allCases());

/** All variants that can be checked. */
export const GPU_VARIANTS: readonly string[] = [...CASES.keys()];

/** What a check needs of a device. */
export interface ChainComputer {
  compute(request: ChainRequest): Promise<DeviceSeconds>;
}

/**
 * Whether a variant gives the reference's pixels on this device, on small images with every border rule between
 * them. A variant without cases, a program that does not compile or a device that fails are a no.
 */
export async function checkVariant(device: ChainComputer, variant: string): Promise<boolean> {
  const cases = CASES.get(variant) ?? [];
  for (const each of cases) {
    try {
      if (!(await agrees(device, each))) return false;
    } catch {
      // Why it failed is no use to anyone here: the processor computes what the device does not.
      return false;
    }
  }
  return cases.length > 0;
}

function byVariant(cases: readonly CheckCase[]): Map<string, CheckCase[]> {
  const variants = new Map<string, CheckCase[]>();
  for (const each of cases) {
    const step = stepOf(each);
    for (const variant of GPU_KERNELS[step.operation.name]!.variants(step)) {
      variants.set(variant, [...(variants.get(variant) ?? []), each]);
    }
  }
  return variants;
}

async function agrees(device: ChainComputer, each: CheckCase): Promise<boolean> {
  const step = stepOf(each);
  const layout = layOutExchange([step]);
  const exchange = new SharedArrayBuffer(layout.bytes);
  const sent = firstRect([step]);
  const samples = viewSamples(each.dtype, exchange, 0, area(sent) * each.channels);
  for (let i = 0; i < samples.length; i++) {
    const nodata = i % 5 === 2 ? each.nodata?.[i % each.channels] : undefined;
    samples[i] = nodata ?? each.constant ?? patternAt(i, each.dtype);
  }
  const valid = Uint8Array.from({ length: area(sent) }, (_, i) => (i % 7 === 3 ? 0 : 255));
  if (layout.mask !== undefined) new Uint8Array(exchange).set(valid, layout.mask.offset);
  const { output } = each;
  const map = step.mapMax === undefined ? undefined : mapOf(step, step.mapMax);
  const place = layout.radii[0];
  if (map && place) packMap(step, map, new Uint8Array(exchange, place.offset, place.bytes));
  const extras: Record<string, TileRaster> = {};
  for (const [param, { offset }] of Object.entries(layout.frames[0] ?? {})) {
    const raster = emptyRaster(output, step.frames![param]!);
    const samples = viewSamples(each.dtype, exchange, offset, raster.samples.length);
    for (let i = 0; i < samples.length; i++) samples[i] = patternAt(i + offset, each.dtype);
    extras[param] = { ...raster, samples };
  }
  await device.compute({ ...layout, steps: [withIntervals(step, map)], exchange });

  const window = {
    ...emptyRaster(step.window, step.input),
    ...(each.masked && { valid: new Uint8Array(area(step.window)) }),
  };
  const sentLength = sent.width * each.channels;
  for (let row = 0; row < sent.height; row++) {
    const at = (sent.y - step.window.y + row) * window.stride + (sent.x - step.window.x) * each.channels;
    window.samples.set(samples.subarray(row * sentLength, (row + 1) * sentLength), at);
    window.valid?.set(valid.subarray(row * sent.width, (row + 1) * sent.width), at / each.channels);
  }
  extendBorder(window, each.image, step.operation);
  const expected = emptyRaster(output, step.result);
  REFERENCE_KERNELS[step.operation.name]!(window, expected, step.operation, {
    image: each.image,
    alpha: step.alpha,
    extras,
    ...(each.nodata && { nodata: each.nodata }),
    ...(map && { map }),
  });
  const actual = viewSamples(each.dtype, exchange, layout.result.offset, expected.samples.length);
  const unit = each.dtype === 'float32' ? largest(samples) : 1;
  return actual.every((sample, i) => differsBy(sample, expected.samples[i]!) <= (each.tolerance ?? 0) * unit);
}

/** Radii or sigmas from 0 to `max`, neighbours unlike each other. */
function mapOf({ operation, output }: DeviceStep, max: number): TileMap {
  const count = area(output);
  if (OPERATIONS[operation.name]!.mapMeaning === 'radius') {
    return { rect: output, values: Uint16Array.from({ length: count }, (_, i) => (i * 7 + (i >> 4)) % (max + 1)), max };
  }
  return {
    rect: output,
    values: Float32Array.from({ length: count }, (_, i) => (max * ((i * 29 + 120) % 121)) / 120),
    max,
  };
}

/** NaN differs from all but itself. */
function differsBy(actual: number, expected: number): number {
  if (Number.isNaN(expected)) return Number.isNaN(actual) ? 0 : Number.POSITIVE_INFINITY;
  return Number.isNaN(actual) ? Number.POSITIVE_INFINITY : Math.abs(actual - expected);
}

function largest(samples: Samples): number {
  let most = 0;
  for (const sample of samples) if (Number.isFinite(sample)) most = Math.max(most, Math.abs(sample));
  return most;
}

/** Full-range values, runs of equal ones and both extremes; floats of both signs and many sizes, two not finite. */
function patternAt(i: number, dtype: DType): number {
  const value = (Math.imul(i >> (i % 3), 0x9e3779b1) >>> 16) & 0xffff;
  if (dtype === 'float32') {
    if (i === 5) return Number.NaN;
    return i === 7 ? Number.NEGATIVE_INFINITY : (value - 0x7000) * 2 ** -(value % 19);
  }
  return dtype === 'uint8' ? value & 0xff : value | 0x8000;
}

function stepOf(each: CheckCase): DeviceStep {
  const { operation: given, dtype, channels, image, output, maxRadius, alpha = 'none', nodata, masked } = each;
  const operation = { params: {}, border: 'clip' as const, constantValue: 0, byMap: false, ...given };
  const { reach, inputRect } = OPERATIONS[operation.name]!;
  const grown = inputRect?.(operation, output, image) ?? grow(output, reach(operation, maxRadius ?? 0));
  const window = operation.border === 'clip' ? intersect(grown, rectOf(image)) : grown;
  const type = { dtype, channels };
  const named = Object.entries(each.frames ?? {}).map(([param, channels]) => [param, { dtype, channels }] as const);
  const frames = named.length === 0 ? undefined : Object.fromEntries(named);
  const pixels = { input: type, result: type, image, alpha, masked, frames, ...(nodata && { nodata }) };
  return { operation, window, output, ...pixels, mapMax: maxRadius };
}

function emptyRaster(rect: Rect, { dtype, channels }: DeviceStep['input']): TileRaster {
  const stride = rect.width * channels;
  return { rect, dtype, channels, stride, samples: allocateSamples(dtype, stride * rect.height) };
}
