import { area, grow, intersect, type Rect, rectOf } from '../../../tiling/geometry/rect.js';
import type { DeviceSeconds } from '../../../tiling/job/execution.js';
import { OPERATIONS, type Operation } from '../../../tiling/operations/index.js';
import { allocateSamples, type DType, type Samples, viewSamples } from '../../../tiling/raster/dtype.js';
import type { AlphaKind } from '../../../tiling/raster/raster-info.js';
import type { TileMap, TileRaster } from '../kernel.js';
import { extendBorder, REFERENCE_KERNELS } from '../reference/index.js';
import type { ChainRequest } from './chain-request.js';
import { firstRect, layOutExchange, packMap } from './chain-request.js';
import { withIntervals } from './chain-steps.js';
import type { WorkPerformer } from './colour-counts.js';
import type { DeviceStep } from './gpu-kernel.js';
import { GPU_KERNELS } from './index.js';
import { COLOUR_CHECKS } from './self-check-colours.js';

/** One case whose pixels a device must give before a variant of a kernel is offered. */
interface CheckCase {
  readonly operation: Partial<Operation> & Pick<Operation, 'name'>;
  readonly dtype: DType;
  readonly channels: number;
  readonly image: { readonly width: number; readonly height: number };
  readonly output: Rect;
  /** For operations by map: the largest radius or sigma. */
  readonly maxRadius?: number;
  readonly alpha?: AlphaKind;
  /** By channel; every fifth sample is one. */
  readonly nodata?: readonly (number | null)[];
  /** Every seventh pixel is masked. */
  readonly masked?: boolean;
  /** Channels of the images that it reads beside its input, by parameter. */
  readonly frames?: Readonly<Record<string, number>>;
  /** Largest difference allowed to a bounded operation, in float32 as a share of the largest sample; exact: none. */
  readonly tolerance?: number;
  /** All samples are this, instead of a pattern. */
  readonly constant?: number;
}

const IMAGE = { width: 75, height: 43 };
const OUTPUT: Rect = { x: 4, y: 3, width: 67, height: 37 };
/** Windows of 259×259 16-bit samples sum to more than 2^32. */
const WIDE = { image: { width: 280, height: 270 }, output: { x: 128, y: 130, width: 3, height: 1 }, maxRadius: 129 };

const GAUSSIAN = { sigma: 1.7, truncate: 4, quality: 'fast' };
/** So many terms of one kind that plain float32 sums leave a tolerance of a few roundings. */
const LONG = {
  ...{ image: { width: 260, height: 3 }, output: { x: 130, y: 1, width: 1, height: 1 }, constant: Math.fround(1 / 3) },
  tolerance: 1.2e-7,
  operation: { name: 'gaussian', params: { ...GAUSSIAN, sigma: 30 }, border: 'nearest' as const },
};

/** A nodata value among the pattern's samples, and one that results meet. */
const HOLES: Readonly<Record<DType, (number | null)[]>> = {
  uint8: [7, null, 255, 128],
  uint16: [40000, null, 65535, 49152],
  float32: [-9999, null, Number.NaN, 0],
};

/** 1/255 of the range, and a rounding. */
const LADDER_TOLERANCE = { uint8: 2, uint16: 258 };
const PART: Rect = { x: 17, y: 20, width: 31, height: 17 };

const INTEGERS = ['uint8', 'uint16'] as const;
const CHANNELS = [1, 2, 3, 4] as const;

/** The cases of all variants, by the variant that they check. */
function allCases(): Map<string, CheckCase[]> {
  const cases: CheckCase[] = [];
  for (const channels of CHANNELS) {
    for (const dtype of INTEGERS) {
      const common = { dtype, channels, image: IMAGE, output: OUTPUT };
      cases.push({ ...common, operation: { name: 'box', byMap: true }, maxRadius: 9 });
      cases.push({ ...common, operation: { name: 'box', params: { radius: 3 }, border: 'reflect' } });
      const nodata = HOLES[dtype].slice(0, channels);
      const holes = { ...common, nodata, masked: true };
      const alpha: AlphaKind = channels % 2 === 0 ? 'unassociated' : 'none';
      const mean = { name: 'mean', params: { footprint: 'disk:3' }, border: 'mirror' as const };
      cases.push({ ...common, operation: mean });
      cases.push({ ...holes, operation: mean, alpha });
      cases.push({ ...holes, operation: { name: 'box', byMap: true }, maxRadius: 9, alpha });
      for (const name of ['std', 'variance']) {
        const params = { footprint: 'disk:2', ddof: 1 };
        cases.push({ ...common, operation: { name, params, border: 'reflect' }, tolerance: 1 });
        cases.push({ ...holes, operation: { name, params }, tolerance: 1 });
      }
      for (const method of ['niblack', 'sauvola']) {
        const params = { method, window: 5, k: 0.23, low: 3 };
        cases.push({ ...common, operation: { name: 'threshold', params, border: 'mirror' } });
        cases.push({ ...holes, operation: { name: 'threshold', params } });
      }
      const small = { ...common, output: { x: 3, y: 2, width: 20, height: 12 } };
      for (const params of [{ factor: 3 }, { size: '31x19' }, { size: '40x20', method: 'nearest' }]) {
        cases.push({ ...small, operation: { name: 'downscale', params } });
        cases.push({ ...small, nodata, alpha, operation: { name: 'downscale', params } });
      }
      const frames = { dark: 1, flat: channels };
      cases.push({ ...holes, operation: { name: 'flat-field', params: { dark: 'dark', flat: 'flat' } }, frames });
      const scaled = { name: 'flat-field', params: { dark: 9, flat: 'flat', scale: 77 } };
      cases.push({ ...common, operation: scaled, frames: { flat: 1 } });
      for (const name of ['max', 'min', 'median']) {
        cases.push({ ...holes, operation: { name, params: { footprint: 'disk:2' }, border: 'reflect' } });
        cases.push({ ...common, operation: { name, params: { footprint: 'disk:2' }, border: 'mirror' } });
      }
      cases.push({ ...common, operation: { name: 'gaussian', params: GAUSSIAN, border: 'nearest' }, tolerance: 1 });
      cases.push({ ...common, operation: { name: 'gaussian', params: GAUSSIAN }, tolerance: 1 });
      cases.push({ ...holes, operation: { name: 'gaussian', params: GAUSSIAN }, tolerance: 1, alpha });
      for (const quality of ['fast', 'exact'] as const) {
        const params = { ...GAUSSIAN, quality };
        const tolerance = quality === 'exact' ? 1 : LADDER_TOLERANCE[dtype];
        for (const border of ['clip', 'mirror'] as const) {
          const operation = { name: 'gaussian', params, byMap: true, border };
          cases.push({ ...common, output: PART, operation, maxRadius: 6.1, tolerance });
        }
        const weighed = { ...holes, output: PART, alpha, operation: { name: 'gaussian', params, byMap: true } };
        cases.push({ ...weighed, maxRadius: 6.1, tolerance: 2 * tolerance });
      }
      cases.push({ ...common, operation: { name: 'gamma', params: { gamma: 0.7, gain: 1 } } });
    }
    for (const border of ['clip', 'constant'] as const) {
      const operation = { name: 'gaussian', params: GAUSSIAN, border, constantValue: -0.5 };
      cases.push({ dtype: 'float32', channels, image: IMAGE, output: OUTPUT, operation, tolerance: 2e-6 });
    }
    cases.push({ ...LONG, dtype: 'float32', channels });
    const everyPixel = { ...LONG.operation, params: { ...GAUSSIAN, quality: 'exact' }, byMap: true };
    cases.push({ ...LONG, dtype: 'float32', channels, operation: everyPixel, maxRadius: 60, tolerance: 1e-6 });
    const floats = { dtype: 'float32', channels, image: IMAGE, output: OUTPUT } as const;
    const disk = { name: 'mean', params: { footprint: 'disk:3' }, border: 'mirror' as const };
    cases.push({ ...floats, operation: disk, tolerance: 2e-6 });
    cases.push({ ...floats, operation: { name: 'box', byMap: true }, maxRadius: 9, tolerance: 2e-6 });
    const nodata = HOLES.float32.slice(0, channels);
    const holes = { ...floats, nodata, masked: true };
    cases.push({ ...holes, operation: { ...disk, border: 'clip' }, tolerance: 2e-6 });
    cases.push({ ...holes, operation: { name: 'gaussian', params: GAUSSIAN }, tolerance: 2e-6 });
    for (const quality of ['fast', 'exact'] as const) {
      const operation = { name: 'gaussian', params: { ...GAUSSIAN, quality }, byMap: true };
      cases.push({ ...floats, output: PART, operation, maxRadius: 6.1, tolerance: quality === 'exact' ? 2e-6 : 0.004 });
      cases.push({ ...holes, output: PART, operation, maxRadius: 6.1, tolerance: quality === 'exact' ? 2e-6 : 0.004 });
    }
    cases.push({ ...WIDE, dtype: 'uint16', channels, operation: { name: 'box', byMap: true } });
    cases.push({ ...WIDE, dtype: 'uint16', channels, operation: { name: 'box', byMap: true }, nodata: [0] });
  }
  const byVariant = new Map<string, CheckCase[]>();
  for (const each of cases) {
    const step = stepOf(each);
    for (const variant of GPU_KERNELS[step.operation.name]!.variants(step)) {
      byVariant.set(variant, [...(byVariant.get(variant) ?? []), each]);
    }
  }
  return byVariant;
}

const CASES = allCases();

/** All variants that can be checked. */
export const GPU_VARIANTS: readonly string[] = [...CASES.keys(), ...Object.keys(COLOUR_CHECKS)];

/** What a check needs of a device. */
export interface ChainComputer extends WorkPerformer {
  compute(request: ChainRequest): Promise<DeviceSeconds>;
}

/**
 * Whether a variant gives the reference's pixels on this device, on small images with every border rule between
 * them. A variant without cases, a program that does not compile or a device that fails are a no.
 */
export async function checkVariant(device: ChainComputer, variant: string): Promise<boolean> {
  const cases = CASES.get(variant) ?? [];
  const checks = cases.map((each) => () => agrees(device, each));
  const ofColours = COLOUR_CHECKS[variant];
  if (ofColours !== undefined) checks.push(() => ofColours(device));
  for (const check of checks) {
    try {
      if (!(await check())) return false;
    } catch {
      // Why it failed is no use to anyone here: the processor computes what the device does not.
      return false;
    }
  }
  return checks.length > 0;
}

async function agrees(device: ChainComputer, each: CheckCase): Promise<boolean> {
  const step = stepOf(each);
  const layout = layOutExchange([step]);
  const exchange = new SharedArrayBuffer(layout.bytes);
  const sent = firstRect([step]);
  const samples = viewSamples(each.dtype, exchange, 0, area(sent) * each.channels);
  for (let i = 0; i < samples.length; i++) {
    const hole = i % 5 === 2 ? each.nodata?.[i % each.channels] : undefined;
    samples[i] = hole ?? each.constant ?? patternAt(i, each.dtype);
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
