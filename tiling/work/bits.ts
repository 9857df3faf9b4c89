import { area, type Rect } from '../geometry/rect.js';
import type { SampleBits } from '../operations/digits.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { WorkKind } from './kind.js';

/** A rect of an image of float32 whose samples decide how windows are summed; the job's only input is the image. */
export interface BitsData {
  /** The image as the job sees it. */
  readonly image: RasterInfo;
  readonly rect: Rect;
}

/**
 * Looks for the bits that samples of a rect have, and whether all are finite; nodata is passed over, what a mask hides
 * is not: it costs a lane that nothing comes of.
 */
export const bits: WorkKind<BitsData, SampleBits> = {
  memoryBytes: ({ image, rect }) => area(rect) * image.channels * 4,
  stays: true,
};
