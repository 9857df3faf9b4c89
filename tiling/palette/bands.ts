import type { Size } from '../geometry/rect.js';

/** Bytes of a band as RGBA: what a thread works on beside its copies. */
const BAND_BYTES = 32 * 2 ** 20;

/** Rows [from, to) of an image. */
export interface RowSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * The bands that a large image is counted and written by, at its final size: as many whole rows of the file's
 * blocks as fit, so that blocks are decoded once where that is possible. They follow from their arguments alone.
 */
export function bandsOf(size: Size, source: { readonly height: number; readonly blockHeight: number }): RowSpan[] {
  const fitting = Math.max(1, Math.floor(BAND_BYTES / (size.width * 4)));
  const perBlock = Math.max(1, Math.round((source.blockHeight * size.height) / source.height));
  const rows = fitting < perBlock ? fitting : Math.floor(fitting / perBlock) * perBlock;
  return Array.from({ length: Math.ceil(size.height / rows) }, (_, band) => {
    return { from: band * rows, to: Math.min(size.height, (band + 1) * rows) };
  });
}
