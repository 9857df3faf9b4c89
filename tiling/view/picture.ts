import type { Rect, Size } from '../geometry/rect.js';
import type { Samples } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';

/** Samples of a rect: interleaved, rows without gaps. */
export interface PictureSamples {
  readonly samples: Samples;
  /** One byte a pixel, 0 where there is nothing yet; absent where everything is there. */
  readonly present?: Uint8Array;
}

/**
 * An image that somebody looks at, finished or not: its levels can be read by rects. Level 0 is full size; the sizes of
 * the others need not be halvings.
 */
export interface Picture {
  readonly info: RasterInfo;
  readonly levels: readonly Size[];
  /**
   * Side of the squares that are read best. What is asked for by others costs no more than decoding what they touch.
   */
  readonly tileSide: number;
  /** Share that can be shown at every zoom, 0 to 1. */
  readonly finishedShare: number;
  /** Takes notice of what was written since it was opened. @throws bad-input where it is gone */
  refresh(): void;
  /**
   * Makes the level that the file does not have, as far as its pixels have come; who only asks what is finished spares
   * that. Settles, without a fault, when there is nothing left to be taken.
   */
  fill(): Promise<void>;
  /** `rect` lies in the level. @throws bad-input where the file is damaged */
  read(level: number, rect: Rect): Promise<PictureSamples>;
  close(): void;
}
