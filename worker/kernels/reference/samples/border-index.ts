import type { Border } from '../../../../tiling/operations/descriptor.js';
import { extendedIndex } from './extend-border.js';

/**
 * The position along one side of an image of `size` pixels whose sample stands at `at`: −1 where the border's
 * constant stands there, undefined where `clip` cuts.
 */
export function borderIndex(at: number, size: number, border: Border): number | undefined {
  if (at >= 0 && at < size) return at;
  if (border === 'clip') return undefined;
  return border === 'constant' ? -1 : extendedIndex(at, size, border);
}
