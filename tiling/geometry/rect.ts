/** A half-open rectangle of pixels: columns [x, x + width), rows [y, y + height). */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How far an operation reads beyond an output rect on each side, in pixels. */
export interface Reach {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The same reach on all four sides. */
export function evenReach(pixels: number): Reach {
  return { left: pixels, right: pixels, top: pixels, bottom: pixels };
}

/** The rectangle of a whole image. */
export function rectOf(size: Size): Rect {
  return { x: 0, y: 0, width: size.width, height: size.height };
}

/** `rect` grown by `reach`; it may leave the image, which is what border extension fills. */
export function grow(rect: Rect, reach: Reach): Rect {
  return {
    x: rect.x - reach.left,
    y: rect.y - reach.top,
    width: rect.width + reach.left + reach.right,
    height: rect.height + reach.top + reach.bottom,
  };
}

/** The pixels that lie in both; width and height are 0 where there are none. */
export function intersect(a: Rect, b: Rect): Rect {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(0, Math.min(a.x + a.width, b.x + b.width) - x),
    height: Math.max(0, Math.min(a.y + a.height, b.y + b.height) - y),
  };
}

/** The pixels whose windows of a reach lie in `rect`; width and height are 0 where there are none. */
export function shrink({ x, y, width, height }: Rect, { left, right, top, bottom }: Reach): Rect {
  return {
    x: x + left,
    y: y + top,
    width: Math.max(0, width - left - right),
    height: Math.max(0, height - top - bottom),
  };
}

/** What of `rect` lies outside `inner`, which lies in it, as up to four rects: above, left, right, below. */
export function around(rect: Rect, inner: Rect): Rect[] {
  const right = inner.x + inner.width;
  const bottom = inner.y + inner.height;
  const { y, height } = inner;
  return [
    { ...rect, height: y - rect.y },
    { x: rect.x, width: inner.x - rect.x, y, height },
    { x: right, width: rect.x + rect.width - right, y, height },
    { ...rect, y: bottom, height: rect.y + rect.height - bottom },
  ].filter(({ width, height }) => width > 0 && height > 0);
}

/** Number of pixels. */
export function area(rect: Size): number {
  return rect.width * rect.height;
}

/** Whether every pixel of `inner` lies in `outer`. */
export function contains(outer: Rect, inner: Rect): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** `x,y width×height`, the form in which messages name a rect. */
export function describeRect(rect: Rect): string {
  return `${rect.x},${rect.y} ${rect.width}×${rect.height}`;
}
