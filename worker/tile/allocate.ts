import type { Rect } from '../../tiling/geometry/rect.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import type { TileRaster } from '../kernels/kernel.js';
import type { ChainInputs } from './open-job.js';

/** A new raster for `rect`, rows dense. */
export function allocate(
  { backend }: Pick<ChainInputs, 'backend'>,
  rect: Rect,
  type: Pick<RasterInfo, 'dtype' | 'channels'>,
): TileRaster {
  const stride = rect.width * type.channels;
  const samples = backend.memory.allocSamples(type.dtype, stride * rect.height);
  return { rect, dtype: type.dtype, channels: type.channels, stride, samples };
}
