import type { Border } from '../../../tiling/operations/descriptor.js';

/**
 * The position along one side of an image of `size` pixels whose sample stands at `at`: −1 where the border's
 * constant stands there, undefined where `clip` cuts. SciPy's modes; `mirror` is OpenCV's reflect-101.
 */
export function borderIndex(at: number, size: number, border: Border): number | undefined {
  if (at >= 0 && at < size) return at;
  switch (border) {
    case 'clip':
      return undefined;
    case 'constant':
      return -1;
    case 'nearest':
      return Math.min(size - 1, Math.max(0, at));
    case 'reflect': {
      const wrapped = ((at % (2 * size)) + 2 * size) % (2 * size);
      return wrapped < size ? wrapped : 2 * size - 1 - wrapped;
    }
    case 'mirror': {
      if (size === 1) return 0;
      const period = 2 * size - 2;
      const wrapped = ((at % period) + period) % period;
      return wrapped < size ? wrapped : period - wrapped;
    }
  }
}
