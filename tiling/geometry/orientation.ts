import type { Rect, Size } from './rect.js';

/**
 * How stored pixels lie to the upright picture, by the numbers of TIFF's tag 274 and EXIF: 1 upright, 2 mirrored, 3
 * turned by 180°, 4 upside down, 5 mirrored along the diagonal, 6 to be turned by 90° clockwise, 7 mirrored along the
 * other diagonal, 8 to be turned by 90° anticlockwise.
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** The orientation of that number; 1, upright, for one that is absent or not defined. */
export function knownOrientation(value: number | undefined): Orientation {
  return value !== undefined && Number.isInteger(value) && value >= 1 && value <= 8 ? (value as Orientation) : 1;
}

const FROM_THE_RIGHT: readonly Orientation[] = [2, 3, 7, 8];
const FROM_BELOW: readonly Orientation[] = [3, 4, 6, 7];

/** Whether upright rows are stored columns. */
export function swapsSides(orientation: Orientation): boolean {
  return orientation >= 5;
}

/** The size of the upright picture of stored pixels, and the other way round. */
export function turnedSize({ width, height }: Size, orientation: Orientation): Size {
  return swapsSides(orientation) ? { width: height, height: width } : { width, height };
}

/** Where the pixels of an upright rect are stored. */
export function storedRect(rect: Rect, stored: Size, orientation: Orientation): Rect {
  const { x, y, width, height } = swapsSides(orientation)
    ? { x: rect.y, y: rect.x, width: rect.height, height: rect.width }
    : rect;
  return {
    x: FROM_THE_RIGHT.includes(orientation) ? stored.width - x - width : x,
    y: FROM_BELOW.includes(orientation) ? stored.height - y - height : y,
    width,
    height,
  };
}

/**
 * Copies stored pixels into an upright rect.
 * @param from pixels of {@link storedRect} of `rect`, row after row without gaps
 * @param into rows `strideBytes` apart
 */
export function turnPixels(
  from: Uint8Array,
  rect: Size,
  orientation: Orientation,
  { into, strideBytes, pixelBytes }: { into: Uint8Array; strideBytes: number; pixelBytes: number },
): void {
  const stored = turnedSize(rect, orientation);
  const along = FROM_THE_RIGHT.includes(orientation) ? -pixelBytes : pixelBytes;
  const rowBytes = stored.width * pixelBytes;
  const down = FROM_BELOW.includes(orientation) ? -rowBytes : rowBytes;
  const first = (along < 0 ? rowBytes - pixelBytes : 0) + (down < 0 ? (stored.height - 1) * rowBytes : 0);
  const [stepX, stepY] = swapsSides(orientation) ? [down, along] : [along, down];
  for (let y = 0; y < rect.height; y++) {
    let at = first + y * stepY;
    let to = y * strideBytes;
    for (let x = 0; x < rect.width; x++, at += stepX) {
      for (let byte = 0; byte < pixelBytes; byte++) into[to++] = from[at + byte]!;
    }
  }
}
