import type { Rect } from '../../../../tiling/geometry/rect.js';
import type { Operation } from '../../../../tiling/operations/index.js';
import type { DType } from '../../../../tiling/raster/dtype.js';
import type { AlphaKind } from '../../../../tiling/raster/raster-info.js';

/** One case whose pixels a device must give before a variant of a kernel is offered. */
export interface CheckCase {
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
const NODATA: Readonly<Record<DType, (number | null)[]>> = {
  uint8: [7, null, 255, 128],
  uint16: [40000, null, 65535, 49152],
  uint32: [],
  float32: [-9999, null, Number.NaN, 0],
};

/** 1/255 of the range, and a rounding. */
const SCALE_SPACE_TOLERANCE = { uint8: 2, uint16: 258 };
const PART: Rect = { x: 17, y: 20, width: 31, height: 17 };

const INTEGERS = ['uint8', 'uint16'] as const;
const CHANNELS = [1, 2, 3, 4] as const;

/** Every case, in no order. */
export function allCases(): CheckCase[] {
  return CHANNELS.flatMap((channels) => [
    ...INTEGERS.flatMap((dtype) => [...integerCases(dtype, channels), ...gaussianCases(dtype, channels)]),
    ...wideCases(channels),
    ...floatCases(channels),
  ]);
}

function integerCases(dtype: 'uint8' | 'uint16', channels: number): CheckCase[] {
  const cases: CheckCase[] = [];
  const common = { dtype, channels, image: IMAGE, output: OUTPUT };
  cases.push({ ...common, operation: { name: 'box', byMap: true }, maxRadius: 9 });
  cases.push({ ...common, operation: { name: 'box', params: { radius: 3 }, border: 'reflect' } });
  const nodata = NODATA[dtype].slice(0, channels);
  const invalid = { ...common, nodata, masked: true };
  const alpha: AlphaKind = channels % 2 === 0 ? 'unassociated' : 'none';
  const mean = { name: 'mean', params: { footprint: 'disk:3' }, border: 'mirror' as const };
  cases.push({ ...common, operation: mean });
  cases.push({ ...invalid, operation: mean, alpha });
  cases.push({ ...invalid, operation: { name: 'box', byMap: true }, maxRadius: 9, alpha });
  for (const name of ['std', 'variance']) {
    const params = { footprint: 'disk:2', ddof: 1 };
    cases.push({ ...common, operation: { name, params, border: 'reflect' }, tolerance: 1 });
    cases.push({ ...invalid, operation: { name, params }, tolerance: 1 });
  }
  for (const method of ['niblack', 'sauvola']) {
    const params = { method, window: 5, k: 0.23, low: 3 };
    cases.push({ ...common, operation: { name: 'threshold', params, border: 'mirror' } });
    cases.push({ ...invalid, operation: { name: 'threshold', params } });
  }
  const small = { ...common, output: { x: 3, y: 2, width: 20, height: 12 } };
  for (const params of [{ factor: 3 }, { size: '31x19' }, { size: '40x20', method: 'nearest' }]) {
    cases.push({ ...small, operation: { name: 'downscale', params } });
    cases.push({ ...small, nodata, alpha, operation: { name: 'downscale', params } });
  }
  const frames = { dark: 1, flat: channels };
  cases.push({ ...invalid, operation: { name: 'flat-field', params: { dark: 'dark', flat: 'flat' } }, frames });
  const scaled = { name: 'flat-field', params: { dark: 9, flat: 'flat', scale: 77 } };
  cases.push({ ...common, operation: scaled, frames: { flat: 1 } });
  for (const name of ['max', 'min', 'median']) {
    cases.push({ ...invalid, operation: { name, params: { footprint: 'disk:2' }, border: 'reflect' } });
    cases.push({ ...common, operation: { name, params: { footprint: 'disk:2' }, border: 'mirror' } });
  }
  const averaged = { name: 'nlm', params: { patch: 3, window: 5, h: dtype === 'uint8' ? 30 : 8000, sigma: 0 } };
  cases.push({ ...small, operation: { ...averaged, border: 'mirror' }, tolerance: 1 });
  cases.push({ ...small, nodata, masked: true, operation: averaged, tolerance: 1 });
  cases.push({ ...common, operation: { name: 'gamma', params: { gamma: 0.7, gain: 1 } } });
  return cases;
}

function gaussianCases(dtype: 'uint8' | 'uint16', channels: number): CheckCase[] {
  const cases: CheckCase[] = [];
  const common = { dtype, channels, image: IMAGE, output: OUTPUT };
  const invalid = { ...common, nodata: NODATA[dtype].slice(0, channels), masked: true };
  const alpha: AlphaKind = channels % 2 === 0 ? 'unassociated' : 'none';
  cases.push({ ...common, operation: { name: 'gaussian', params: GAUSSIAN, border: 'nearest' }, tolerance: 1 });
  cases.push({ ...common, operation: { name: 'gaussian', params: GAUSSIAN }, tolerance: 1 });
  cases.push({ ...invalid, operation: { name: 'gaussian', params: GAUSSIAN }, tolerance: 1, alpha });
  for (const quality of ['fast', 'exact'] as const) {
    const params = { ...GAUSSIAN, quality };
    const tolerance = quality === 'exact' ? 1 : SCALE_SPACE_TOLERANCE[dtype];
    for (const border of ['clip', 'mirror'] as const) {
      const operation = { name: 'gaussian', params, byMap: true, border };
      cases.push({ ...common, output: PART, operation, maxRadius: 6.1, tolerance });
    }
    const weighed = { ...invalid, output: PART, alpha, operation: { name: 'gaussian', params, byMap: true } };
    cases.push({ ...weighed, maxRadius: 6.1, tolerance: quality === 'exact' ? 1 : 2 * tolerance });
  }
  return cases;
}

function wideCases(channels: number): CheckCase[] {
  const common = { ...WIDE, dtype: 'uint16' as const, channels, operation: { name: 'box', byMap: true } };
  return [common, { ...common, nodata: [0] }];
}

function floatCases(channels: number): CheckCase[] {
  const cases: CheckCase[] = [];
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
  const nodata = NODATA.float32.slice(0, channels);
  const averaged = { name: 'nlm', params: { patch: 3, window: 5, h: 0.3, sigma: 0.01 } };
  const small = { ...floats, output: { x: 3, y: 2, width: 20, height: 12 }, tolerance: 1e-5 };
  cases.push({ ...small, operation: { ...averaged, border: 'mirror' } });
  cases.push({ ...small, nodata, masked: true, operation: averaged });
  const invalid = { ...floats, nodata, masked: true };
  cases.push({ ...invalid, operation: { ...disk, border: 'clip' }, tolerance: 2e-6 });
  cases.push({ ...invalid, operation: { name: 'gaussian', params: GAUSSIAN }, tolerance: 2e-6 });
  for (const quality of ['fast', 'exact'] as const) {
    const operation = { name: 'gaussian', params: { ...GAUSSIAN, quality }, byMap: true };
    cases.push({ ...floats, output: PART, operation, maxRadius: 6.1, tolerance: quality === 'exact' ? 2e-6 : 0.004 });
    cases.push({ ...invalid, output: PART, operation, maxRadius: 6.1, tolerance: quality === 'exact' ? 2e-6 : 0.004 });
  }
  return cases;
}
