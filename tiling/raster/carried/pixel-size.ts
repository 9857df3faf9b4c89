import type { CarriedTag } from '../raster-info.js';
import { carriedTo, type OutputFacts } from './index.js';
import { pixelSizeOf } from './ome-xml.js';
import { numbersOf } from './tag-numbers.js';

const MODEL_PIXEL_SCALE = 33550;
const MODEL_TRANSFORMATION = 34264;

/**
 * Width and height of a pixel of an image that was made of a file with these tags, as the file states them: in the units
 * of its coordinates where it is georeferenced, otherwise in micrometres. Undefined where it states none.
 */
export function statedPixelSize(
  tags: readonly CarriedTag[],
  sizes: Pick<OutputFacts, 'from' | 'to'>,
): { readonly x: number; readonly y: number } | undefined {
  // What ImageJ and OME say in their descriptions is a resolution then.
  const carried = carriedTo(tags, { ...sizes, meaning: 'value' });
  const size = groundSize(carried);
  return size !== undefined && isLength(size.x) && isLength(size.y) ? size : pixelSizeOf({ carried });
}

function groundSize(carried: readonly CarriedTag[]) {
  const numbers = (wanted: number) => {
    const tag = carried.find((each) => each.tag === wanted);
    return tag && numbersOf(tag);
  };
  const scale = numbers(MODEL_PIXEL_SCALE);
  if (scale !== undefined) return { x: scale[0]!, y: scale[1]! };
  // Rows of a 4×4 matrix: how far one column, and one row, of pixels takes on the ground.
  const matrix = numbers(MODEL_TRANSFORMATION);
  return matrix && { x: Math.hypot(matrix[0]!, matrix[4]!), y: Math.hypot(matrix[1]!, matrix[5]!) };
}

function isLength(value: number): boolean {
  return value > 0 && Number.isFinite(value);
}
