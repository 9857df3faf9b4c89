import type { Border } from '../../tiling/operations/index.js';
import { type DType, viewSamples } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';

/** A raster as golden files keep it: row-major, interleaved, little-endian samples as base64. */
export interface PackedRaster {
  readonly dtype: DType;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: string;
}

/** What another program made of one of a golden file's images. */
export interface Golden {
  /** The program and its function. */
  readonly source: string;
  readonly image: string;
  readonly name: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly border?: Border;
  readonly byMap?: boolean;
  /** The largest difference of a sample that is allowed. */
  readonly tolerance: number;
  readonly expected: PackedRaster;
  /** Which pixels count of a result of another size. */
  readonly expectedValid?: PackedRaster;
}

/** The raster that a golden file keeps. */
export function unpack({ dtype, width, height, channels, data }: PackedRaster): TileRaster {
  const bytes = new Uint8Array(Buffer.from(data, 'base64'));
  const samples = viewSamples(dtype, bytes.buffer, 0, width * height * channels);
  return { rect: { x: 0, y: 0, width, height }, dtype, channels, stride: width * channels, samples };
}
