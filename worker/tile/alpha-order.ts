import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import type { TileRaster } from '../kernels/kernel.js';

/** In place: from a file's order of channels to that of kernels, whose last channel is the alpha that weighs. */
export function alphaLast(raster: TileRaster, info: Pick<RasterInfo, 'alphaAt'>): TileRaster {
  if (info.alphaAt !== undefined) moveChannel(raster, info.alphaAt, raster.channels - 1);
  return raster;
}

/** In place: the inverse of {@link alphaLast}. */
export function asInFile(raster: TileRaster, info: Pick<RasterInfo, 'alphaAt'>): TileRaster {
  if (info.alphaAt !== undefined) moveChannel(raster, raster.channels - 1, info.alphaAt);
  return raster;
}

/** Takes a channel out of each pixel and puts it in at another place, those between moving up or down. */
function moveChannel({ rect, channels, stride, samples }: TileRaster, from: number, to: number): void {
  const step = from < to ? 1 : -1;
  for (let y = 0; y < rect.height; y++) {
    const end = y * stride + rect.width * channels;
    for (let pixel = y * stride; pixel < end; pixel += channels) {
      const moved = samples[pixel + from]!;
      for (let c = from; c !== to; c += step) samples[pixel + c] = samples[pixel + c + step]!;
      samples[pixel + to] = moved;
    }
  }
}
