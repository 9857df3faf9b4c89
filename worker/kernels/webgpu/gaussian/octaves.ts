import { intersect, type Rect } from '../../../../tiling/geometry/rect.js';
import { levelWeights, octaveOf } from '../../../../tiling/operations/scale-space.js';
import type { ScaleInterval } from '../device/gpu-kernel.js';

/** A level as it is blurred on one octave, and the pixels that take a share of it. */
export interface ScaleLevel {
  readonly level: number;
  readonly octave: number;
  /** Centre first. */
  readonly weights: Float64Array;
  /** The interval above it and the one below, as far as they are on this octave; -1 where they are not. */
  readonly above: number;
  readonly below: number;
  /** The least rect of pixels that holds all of both. */
  readonly rect: Rect;
}

/** The levels that bound intervals, octave after octave. */
export function levelsFor(intervals: readonly ScaleInterval[]): ScaleLevel[] {
  const levels = new Map<string, ScaleLevel>();
  for (const { interval, rect } of intervals) {
    const octave = octaveOf(interval);
    for (const level of [interval, interval + 1]) {
      const known = levels.get(`${octave}/${level}`);
      levels.set(`${octave}/${level}`, {
        ...{ level, octave, weights: known?.weights ?? levelWeights(level, octave) },
        above: level === interval ? interval : (known?.above ?? -1),
        below: level === interval ? (known?.below ?? -1) : interval,
        rect: known === undefined ? rect : hull(known.rect, rect),
      });
    }
  }
  return [...levels.values()].sort((a, b) => a.octave - b.octave);
}

/** The next coarser grid's points that a plane reaches by decimation, in points of that grid: point 0 is pixel 0. */
export function halvedRect({ x, y, width, height }: Rect): Rect {
  return { ...spanned(halvedSpan(x, width), halvedSpan(y, height)) };
}

/** The grid points whose splines reach a rect of pixels: one before it, two behind its last. */
export function pointsAround({ x, y, width, height }: Rect, octave: number): Rect {
  return spanned(spanAround(x, width, octave), spanAround(y, height, octave));
}

/** The part of a plane's rows that a blur of `points` reads, over the columns of `points`. */
export function rowsFor(points: Rect, radius: number, plane: Rect): Rect {
  const rows = { ...points, y: points.y - radius, height: points.height + 2 * radius };
  return intersect(rows, { ...plane, x: points.x, width: points.width });
}

/** First point and number of points along one side. */
export interface Span {
  readonly first: number;
  readonly count: number;
}

/** {@link halvedRect} along one side. */
export function halvedSpan(first: number, count: number): Span {
  const from = Math.ceil((first - 2) / 2);
  return { first: from, count: Math.floor((first + count + 1) / 2) - from + 1 };
}

/** {@link pointsAround} along one side. */
export function spanAround(first: number, count: number, octave: number): Span {
  if (octave === 0) return { first, count };
  const from = Math.floor(first / 2 ** octave) - 1;
  return { first: from, count: Math.floor((first + count - 1) / 2 ** octave) + 3 - from };
}

function spanned(across: Span, down: Span): Rect {
  return { x: across.first, y: down.first, width: across.count, height: down.count };
}

function hull(a: Rect, b: Rect): Rect {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const width = Math.max(a.x + a.width, b.x + b.width) - x;
  const height = Math.max(a.y + a.height, b.y + b.height) - y;
  return { x, y, width, height };
}
