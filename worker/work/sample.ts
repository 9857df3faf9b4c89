import { crc32 } from 'node:zlib';
import type { Rect, Size } from '../../tiling/geometry/rect.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import { nearestIndices } from '../../tiling/palette/downscale-nearest.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import { checkColours, toRgba } from '../frames/frame-colours.js';
import type { TileRaster } from '../kernels/kernel.js';
import { converted } from '../tile/run-chain.js';
import type { Runner } from './runner.js';
import { chainOver, figuresOf, openTile } from './tiles.js';

/** Filters a tile and looks at the pixels of it that the nearest downscale takes. */
export const sample: Runner<'sample'> = async ({ task, data, open: openJob }) => {
  const open = openJob();
  const { output } = open.plan;
  checkColours(output, open.image.source.name);
  const tile = openTile(open, task);
  const { tally } = tile;
  const { raster: result } = await chainOver(tile, data);
  const raster = tally.timed('kernel', () => converted(open, result, output.dtype));
  return tally.timed('kernel', () => {
    const rgba = taken(raster, output, data.size);
    const counts = new ColourCounts();
    counts.addRgba(rgba);
    const value = {
      ...{ counts: counts.toBytes(), ...alphaOf(rgba), preview: taken(raster, output, data.preview) },
      rgba: data.whole ? rgba : new Uint8Array(0),
    };
    return { value, crc: crc32(rgba), ...figuresOf(tile) };
  });
};

/** The pixels of a tile that the nearest downscale of the whole image takes, as RGBA. */
function taken(raster: TileRaster, image: RasterInfo, size: Size): Uint8Array {
  const { rect, stride, channels, samples } = raster;
  const columns = within(nearestIndices(image.width, size.width), rect.x, rect.width);
  const rows = within(nearestIndices(image.height, size.height), rect.y, rect.height);
  const rgba = new Uint8Array(columns.length * rows.length * 4);
  toRgba(samples, image, picksOf(rect, columns, rows, stride / channels), rgba);
  return rgba;
}

function within(positions: Uint32Array, from: number, length: number): Uint32Array {
  return positions.filter((position) => position >= from && position < from + length);
}

function* picksOf({ x, y }: Rect, columns: Uint32Array, rows: Uint32Array, stride: number): Generator<number> {
  for (const row of rows) for (const column of columns) yield (row - y) * stride + column - x;
}

function alphaOf(rgba: Uint8Array): { readonly transparent: boolean; readonly translucent: boolean } {
  let transparent = false;
  let translucent = false;
  for (let at = 3; at < rgba.length; at += 4) {
    if (rgba[at] === 0) transparent = true;
    else if (rgba[at] !== 255) translucent = true;
  }
  return { transparent, translucent };
}
