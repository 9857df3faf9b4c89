import type { TileRaster } from '../kernel.js';
import { isNodata, nodataSample } from './samples/nodata.js';

/** The pixels of one label and, of each measured channel, its samples there that count. */
export interface LabelPixels {
  readonly pixels: { readonly x: number; readonly y: number }[];
  readonly samples: number[][];
}

/** An image under labels, and what of it does not count. */
export interface MeasuredImage {
  readonly raster: TileRaster;
  readonly nodata?: readonly (number | null)[];
}

/**
 * All pixels of each label, as they lie in raster order: what every figure is defined over. 0 and `nodata` are no label.
 */
export function pixelsOfLabels(
  labels: TileRaster,
  nodata: number | null,
  images: readonly MeasuredImage[],
): Map<number, LabelPixels> {
  const { rect, samples } = labels;
  const channels = images.flatMap(({ raster, nodata: missing }) =>
    Array.from({ length: raster.channels }, (_, c) => ({
      raster,
      c,
      missing: nodataSample(raster.dtype, missing?.[c]),
    })),
  );
  const found = new Map<number, LabelPixels>();
  for (let y = 0, i = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++, i++) {
      const label = samples[i]!;
      if (label === 0 || label === nodata) continue;
      let region = found.get(label);
      if (region === undefined) {
        region = { pixels: [], samples: channels.map(() => []) };
        found.set(label, region);
      }
      region.pixels.push({ x, y });
      for (const [at, { raster, c, missing }] of channels.entries()) {
        const sample = raster.samples[i * raster.channels + c]!;
        if (!isNodata(sample, missing)) region.samples[at]!.push(sample);
      }
    }
  }
  return found;
}
