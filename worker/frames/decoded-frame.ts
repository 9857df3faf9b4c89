import type { Size } from '../../tiling/geometry/rect.js';

/** A decoded frame: interleaved 8-bit RGBA, unassociated alpha. */
export interface DecodedFrame {
  readonly rgba: Uint8Array;
  readonly size: Size;
}
