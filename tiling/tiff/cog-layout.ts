import { HalotileError } from '../errors.js';
import type { TiffImage } from './tiff-image.js';
import { readTiffRaster } from './tiff-raster.js';

/** Whether a file can be read over a network in few requests, and the first rule that it breaks. */
export interface CogLayout {
  readonly cog: boolean;
  readonly reason: string;
}

/** A level-0 image up to this side needs no overviews (GDAL's rule). */
const SMALL_SIDE = 512;

/**
 * Judges the layout as GDAL's cloud-optimised GeoTIFF check does: tiles, overviews that halve, directories before
 * all data, the data of smaller levels before that of larger ones.
 */
export function judgeCogLayout(images: readonly TiffImage[]): CogLayout {
  try {
    return judge(images);
  } catch (error) {
    // An overview that cannot be read does not keep the main image from being read.
    if (error instanceof HalotileError) return no(error.message);
    throw error;
  }
}

function judge(images: readonly TiffImage[]): CogLayout {
  const main = images.find(({ role }) => role === 'main');
  if (main === undefined) return no('there is no full-resolution image');
  const overviews = images.filter(({ role }) => role === 'overview');
  const levels = [main, ...overviews].map((image) => ({ ...image, raster: readTiffRaster(image.directory) }));
  if (levels.some(({ raster }) => raster.layout.striped)) return no('pixels lie in strips, not tiles');
  if (Math.max(main.width, main.height) > SMALL_SIDE && overviews.length === 0) return no('there are no overviews');
  for (let i = 1; i < levels.length; i++) {
    if (levels[i]!.width >= levels[i - 1]!.width) return no(`overview ${i} is not smaller than the level before`);
    if (levels[i]!.directory.offset < levels[i - 1]!.directory.offset) {
      return no(`the directory of overview ${i} lies before that of the level before`);
    }
  }
  const starts = levels.map(({ raster }) => firstOffset(raster.blocks));
  const directoriesEnd = Math.max(...levels.map(({ directory }) => directory.end));
  const firstData = Math.min(...starts);
  if (firstData < directoriesEnd) {
    return no(`pixel data at byte ${firstData} lies before the last directory, which ends at byte ${directoriesEnd}`);
  }
  for (let i = 1; i < levels.length; i++) {
    if (starts[i]! > starts[i - 1]! && Number.isFinite(starts[i]!)) {
      return no(`the data of overview ${i} lies after that of the level before`);
    }
  }
  return { cog: true, reason: 'tiles, directories first, then data from the smallest overview on' };
}

/** Offset of the first block that was written; infinite where none was. */
function firstOffset(blocks: { readonly count: number; place(index: number): { offset: number; length: number } }) {
  for (let index = 0; index < blocks.count; index++) {
    const { offset, length } = blocks.place(index);
    if (length > 0) return offset;
  }
  return Number.POSITIVE_INFINITY;
}

function no(reason: string): CogLayout {
  return { cog: false, reason };
}
