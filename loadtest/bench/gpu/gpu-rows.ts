import { area, grow, intersect, type Rect, rectOf } from '../../../tiling/geometry/rect.js';
import { OPERATIONS, type Operation } from '../../../tiling/operations/index.js';
import { bytesOf, type DType, SAMPLE_BYTES, type Samples, viewSamples } from '../../../tiling/raster/dtype.js';
import type { TileMap } from '../../../worker/kernels/kernel.js';
import { type ChainRequest, layOutExchange, packMap } from '../../../worker/kernels/webgpu/chain/chain-request.js';
import { framesOf, withIntervals } from '../../../worker/kernels/webgpu/chain/chain-steps.js';
import type { DeviceStep } from '../../../worker/kernels/webgpu/device/gpu-kernel.js';

/** One kernel on one type of pixels. */
export interface GpuRow {
  readonly operation: Partial<Operation> & Pick<Operation, 'name'>;
  readonly dtype: DType;
  readonly channels: number;
  /** For operations by map: the largest radius or sigma of a smooth map. */
  readonly radius?: number;
  /** Colour is weighted by the last channel. */
  readonly byAlpha?: boolean;
  /** One nodata value for all channels. */
  readonly nodata?: number;
  /** What tells it from others of its operation and type. */
  readonly note?: string;
}

const FIXED = { sigma: 4, truncate: 4, quality: 'fast' };
const SCALE_SPACE = { truncate: 4, quality: 'fast' };
const DIRECT = { truncate: 4, quality: 'exact' };
const RGB = { dtype: 'uint8', channels: 3 } as const;
const GREY = { dtype: 'uint16', channels: 1 } as const;
const FLOAT = { dtype: 'float32', channels: 1 } as const;
const box = { name: 'box', byMap: true };

/** The rows that the benchmark measures. */
export const GPU_ROWS: readonly GpuRow[] = [
  { ...RGB, operation: box, radius: 64 },
  { ...RGB, operation: box, radius: 255 },
  { dtype: 'uint8', channels: 4, operation: box, radius: 64 },
  { dtype: 'uint8', channels: 4, operation: box, radius: 64, byAlpha: true, note: 'by alpha' },
  { ...RGB, operation: box, radius: 64, nodata: 0, note: 'nodata' },
  { ...GREY, operation: box, radius: 64 },
  { dtype: 'uint16', channels: 3, operation: box, radius: 255 },
  { ...FLOAT, operation: box, radius: 64 },
  { ...RGB, operation: { name: 'gaussian', params: SCALE_SPACE, byMap: true }, radius: 16 },
  { ...RGB, operation: { name: 'gaussian', params: SCALE_SPACE, byMap: true }, radius: 64 },
  { ...FLOAT, operation: { name: 'gaussian', params: SCALE_SPACE, byMap: true }, radius: 64 },
  { ...RGB, operation: { name: 'gaussian', params: DIRECT, byMap: true }, radius: 4 },
  { ...RGB, operation: { name: 'gaussian', params: FIXED } },
  { ...FLOAT, operation: { name: 'gaussian', params: FIXED } },
  { ...RGB, operation: { name: 'mean', params: { window: 15 } } },
  { ...RGB, operation: { name: 'mean', params: { footprint: 'disk:15' } }, note: 'disk 15' },
  { ...RGB, operation: { name: 'std', params: { window: 15, ddof: 0 } } },
  { ...GREY, operation: { name: 'std', params: { window: 15, ddof: 0 } } },
  { ...RGB, operation: { name: 'max', params: { footprint: 'disk:5' } } },
  { ...RGB, operation: { name: 'median', params: { footprint: 'disk:2' } } },
  { ...RGB, operation: { name: 'percentile', params: { footprint: 'disk:2', percentile: 25 } } },
  { ...RGB, operation: { name: 'gamma', params: { gamma: 0.7, gain: 1 } } },
  { ...GREY, operation: { name: 'threshold', params: { method: 'sauvola', window: 25, k: 0.2, low: 0 } } },
  { ...GREY, operation: { name: 'flat-field', params: { dark: 'dark', flat: 'flat' } } },
  { ...RGB, operation: { name: 'downscale', params: { factor: 2, method: 'area' } } },
];

/** A row's name, which CuPy's figures go by too. */
export function labelOf({ operation: { name, params }, dtype, channels, radius, note }: GpuRow): string {
  const exact = params?.quality === 'exact' ? ' exact' : '';
  const widest = radius === undefined ? '' : ` ${name === 'gaussian' ? 'sigma' : 'radius'} ${radius}`;
  return `${name}${exact} ${dtype}×${channels}${widest}${note === undefined ? '' : ` ${note}`}`;
}

/** One tile of `tile` output pixels a side, in the middle of its image. */
export function requestOf(row: GpuRow, tile: number): ChainRequest {
  const { operation: given, dtype, channels, radius, byAlpha, nodata } = row;
  const operation = { params: {}, border: 'clip' as const, constantValue: 0, byMap: false, ...given };
  const type = { dtype, channels };
  const plain: DeviceStep = {
    ...{ operation, ...rectsOf(operation, tile, radius ?? 0), input: type, result: type, mapMax: radius },
    alpha: byAlpha ? 'unassociated' : 'none',
    ...(nodata !== undefined && { nodata: Array.from({ length: channels }, () => nodata) }),
    frames: framesOf(operation, () => type),
  };
  const map = radius === undefined ? undefined : smoothMap(operation, plain.output, radius);
  const step = withIntervals(plain, map);
  const layout = layOutExchange([step]);
  const exchange = new SharedArrayBuffer(layout.bytes);
  fillNoise(viewSamples(dtype, exchange, 0, layout.inputBytes / SAMPLE_BYTES[dtype]));
  const place = layout.radii[0];
  if (place && map) packMap(step, map, new Uint8Array(exchange, place.offset, place.bytes));
  for (const { offset, bytes } of Object.values(layout.frames[0] ?? {})) {
    fillNoise(viewSamples(dtype, exchange, offset, bytes / SAMPLE_BYTES[dtype]));
  }
  return { ...layout, exchange };
}

function rectsOf(operation: Operation, tile: number, radius: number): Pick<DeviceStep, 'image' | 'window' | 'output'> {
  const { inputRect, reach } = OPERATIONS[operation.name]!;
  if (inputRect !== undefined) {
    const side = tile * (operation.params.factor as number);
    const output = { x: 0, y: 0, width: tile, height: tile };
    const image = { width: side, height: side };
    return { image, output, window: inputRect(operation, output, image) };
  }
  const { left, right, top, bottom } = reach(operation, radius);
  const image = { width: tile + left + right, height: tile + top + bottom };
  const output = { x: left, y: top, width: tile, height: tile };
  return { image, output, window: intersect(grow(output, { left, right, top, bottom }), rectOf(image)) };
}

function fillNoise(samples: Samples): void {
  const bytes = bytesOf(samples);
  // Bytes of floats would be of any size, and many of them not finite.
  const into = samples instanceof Float32Array ? samples : bytes;
  for (let i = 0; i < into.length; i++) into[i] = Math.imul(i, 0x9e3779b1) >>> 24;
}

/** From 0 in one corner to `max` in the opposite one. */
function smoothMap({ name }: Operation, rect: Rect, max: number): TileMap {
  const radii = OPERATIONS[name]!.mapMeaning === 'radius';
  const values = radii ? new Uint16Array(area(rect)) : new Float32Array(area(rect));
  const { width, height } = rect;
  for (let i = 0; i < values.length; i++) {
    const value = (max * ((i % width) + Math.floor(i / width))) / (width + height - 2);
    values[i] = radii ? Math.round(value) : value;
  }
  return { rect, values, max };
}
