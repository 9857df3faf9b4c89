// Medians of 3×3 and 5×5 samples, none of them NaN, by networks of minima and maxima, a vector of samples at a time. What windows share is
// sorted once: columns of rows that two windows have in common (Adams 2021, "Fast median filters using separable sorting
// networks"), neighbouring columns, and what cannot be the median of either window is dropped on the way. Rows of samples
// of any number of channels lie interleaved, the next pixel `step` bytes on.

import { anyNonFinite } from '../lib/finite';

export { anyNonFinite };

/** Bytes from row to row, and from pixel to pixel. */
let sourceStride: usize = 0;
let intoStride: usize = 0;
let pixelStep: usize = 0;
/** Bytes of a row that are taken at a time, and of the planes that they are made from. */
let strip: usize = 0;
let planeBytes: usize = 0;
let scratch: usize = 0;

/**
 * What all rows of a tile have in common. A plane holds a strip, a margin of four pixels and two vectors more; `room` is that
 * of 19 planes.
 */
export function configure(
  stride: usize, strideOfResults: usize, pixelBytes: usize, stripBytes: usize, bytesOfPlane: usize, room: usize,
): void {
  sourceStride = stride;
  intoStride = strideOfResults;
  pixelStep = pixelBytes;
  strip = stripBytes;
  planeBytes = bytesOfPlane;
  scratch = room;
}

// @ts-ignore: decorator
@inline
function lo<T>(a: v128, b: v128): v128 {
  if (isFloat<T>()) return i32x4.min_s(a, b);
  return sizeof<T>() == 1 ? i8x16.min_u(a, b) : i16x8.min_u(a, b);
}

// @ts-ignore: decorator
@inline
function hi<T>(a: v128, b: v128): v128 {
  if (isFloat<T>()) return i32x4.max_s(a, b);
  return sizeof<T>() == 1 ? i8x16.max_u(a, b) : i16x8.max_u(a, b);
}

/** Samples as what is sorted: the order of floats is that of integers then, −0 below 0. Its own inverse. */
// @ts-ignore: decorator
@inline
function keys<T>(samples: v128): v128 {
  if (!isFloat<T>()) return samples;
  return v128.xor(samples, v128.and(i32x4.shr_s(samples, 31), i32x4.splat(0x7fffffff)));
}

// @ts-ignore: decorator
@inline
function middle<T>(a: v128, b: v128, c: v128): v128 {
  return hi<T>(lo<T>(a, b), lo<T>(hi<T>(a, b), c));
}

/** Sorts four rows down the columns, into four planes. */
// @ts-ignore: decorator
@inline
function sortColumns<T>(source: usize, stride: usize, into: usize, plane: usize, bytes: usize): void {
  const end = into + bytes;
  for (; into < end; source += 16, into += 16) {
    const p = keys<T>(v128.load(source));
    const q = keys<T>(v128.load(source + stride));
    const r = keys<T>(v128.load(source + 2 * stride));
    const s = keys<T>(v128.load(source + 3 * stride));
    const a = lo<T>(p, r);
    const b = lo<T>(q, s);
    const c = hi<T>(p, r);
    const d = hi<T>(q, s);
    const e = hi<T>(a, b);
    const f = lo<T>(c, d);
    v128.store(into, lo<T>(a, b));
    v128.store(into + plane, lo<T>(e, f));
    v128.store(into + 2 * plane, hi<T>(e, f));
    v128.store(into + 3 * plane, hi<T>(c, d));
  }
}

/** Merges each sorted column of four with the one on its right, into eight planes (Batcher's odd-even merge). */
// @ts-ignore: decorator
@inline
function mergeColumns<T>(columns: usize, step: usize, into: usize, plane: usize, bytes: usize): void {
  const end = into + bytes;
  for (; into < end; columns += 16, into += 16) {
    const next = columns + step;
    const a0 = v128.load(columns);
    const b0 = v128.load(next);
    const a2 = v128.load(columns + 2 * plane);
    const b2 = v128.load(next + 2 * plane);
    const e = hi<T>(a0, b0);
    const f = lo<T>(a2, b2);
    const a1 = v128.load(columns + plane);
    const b1 = v128.load(next + plane);
    const a3 = v128.load(columns + 3 * plane);
    const b3 = v128.load(next + 3 * plane);
    const g = hi<T>(a1, b1);
    const h = lo<T>(a3, b3);
    const even1 = lo<T>(e, f);
    const even2 = hi<T>(e, f);
    const even3 = hi<T>(a2, b2);
    const odd0 = lo<T>(a1, b1);
    const odd1 = lo<T>(g, h);
    const odd2 = hi<T>(g, h);
    v128.store(into, lo<T>(a0, b0));
    v128.store(into + plane, lo<T>(even1, odd0));
    v128.store(into + 2 * plane, hi<T>(even1, odd0));
    v128.store(into + 3 * plane, lo<T>(even2, odd1));
    v128.store(into + 4 * plane, hi<T>(even2, odd1));
    v128.store(into + 5 * plane, lo<T>(even3, odd2));
    v128.store(into + 6 * plane, hi<T>(even3, odd2));
    v128.store(into + 7 * plane, hi<T>(a3, b3));
  }
}

/**
 * Of the 20 samples of five columns of four, the 8th to the 13th in order, into six planes: 13 of a window's 25 samples lie
 * above, or below, any other of the 20. Two pairs of columns are merged but for three samples at either end, for the same
 * reason, and then the fifth column.
 */
// @ts-ignore: decorator
@inline
function mergeMiddle<T>(pairs: usize, columns: usize, step: usize, into: usize, plane: usize, bytes: usize): void {
  const end = into + bytes;
  for (; into < end; pairs += 16, columns += 16, into += 16) {
    const next = pairs + 2 * step;
    // Samples of even places of both, then of odd ones; each again by even and odd places.
    let x = hi<T>(v128.load(pairs), v128.load(next));
    let a = v128.load(pairs + 4 * plane);
    let b = v128.load(next + 4 * plane);
    let y = lo<T>(a, b);
    let p1 = lo<T>(x, y);
    let p2 = hi<T>(x, y);
    let p3 = hi<T>(a, b);
    a = v128.load(pairs + 2 * plane);
    b = v128.load(next + 2 * plane);
    let q0 = lo<T>(a, b);
    x = hi<T>(a, b);
    y = lo<T>(v128.load(pairs + 6 * plane), v128.load(next + 6 * plane));
    let q1 = lo<T>(x, y);
    let q2 = hi<T>(x, y);
    const e2 = hi<T>(p1, q0);
    const e3 = lo<T>(p2, q1);
    const e4 = hi<T>(p2, q1);
    const e5 = lo<T>(p3, q2);
    const e6 = hi<T>(p3, q2);

    x = hi<T>(v128.load(pairs + plane), v128.load(next + plane));
    a = v128.load(pairs + 5 * plane);
    b = v128.load(next + 5 * plane);
    y = lo<T>(a, b);
    p1 = lo<T>(x, y);
    p2 = hi<T>(x, y);
    p3 = hi<T>(a, b);
    a = v128.load(pairs + 3 * plane);
    b = v128.load(next + 3 * plane);
    q0 = lo<T>(a, b);
    x = hi<T>(a, b);
    y = lo<T>(v128.load(pairs + 7 * plane), v128.load(next + 7 * plane));
    q1 = lo<T>(x, y);
    q2 = hi<T>(x, y);
    const o1 = lo<T>(p1, q0);
    const o2 = hi<T>(p1, q0);
    const o3 = lo<T>(p2, q1);
    const o4 = hi<T>(p2, q1);
    const o5 = lo<T>(p3, q2);

    // Of the ten that are left even ones are the smaller ones of two, odd ones the larger; so with the fifth column's.
    const fifth = columns + 4 * step;
    a = v128.load(fifth);
    b = v128.load(fifth + 2 * plane);
    x = lo<T>(e4, o3);
    y = lo<T>(e6, o5);
    p1 = lo<T>(x, hi<T>(lo<T>(e2, o1), a));
    p2 = lo<T>(y, hi<T>(x, a));
    p3 = hi<T>(y, a);
    x = lo<T>(e3, o2);
    y = lo<T>(e5, o4);
    q0 = lo<T>(x, b);
    q1 = lo<T>(y, hi<T>(x, b));
    q2 = hi<T>(y, b);
    const even2 = hi<T>(p1, q0);
    const even3 = lo<T>(p2, q1);
    const even4 = hi<T>(p2, q1);
    const even5 = lo<T>(p3, q2);

    a = v128.load(fifth + plane);
    b = v128.load(fifth + 3 * plane);
    x = hi<T>(e4, o3);
    p1 = lo<T>(x, hi<T>(hi<T>(e2, o1), a));
    p2 = lo<T>(hi<T>(e6, o5), hi<T>(x, a));
    x = hi<T>(e3, o2);
    q0 = lo<T>(x, b);
    q1 = lo<T>(hi<T>(e5, o4), hi<T>(x, b));
    const odd2 = hi<T>(p1, q0);
    const odd3 = lo<T>(p2, q1);
    v128.store(into, hi<T>(even2, lo<T>(p1, q0)));
    v128.store(into + plane, lo<T>(even3, odd2));
    v128.store(into + 2 * plane, hi<T>(even3, odd2));
    v128.store(into + 3 * plane, lo<T>(even4, odd3));
    v128.store(into + 4 * plane, hi<T>(even4, odd3));
    v128.store(into + 5 * plane, lo<T>(even5, hi<T>(p2, q1)));
  }
}

/** Medians of one row: of six samples in order, in planes, and five that stand side by side in row `source`. */
// @ts-ignore: decorator
@inline
function withFifthRow<T>(six: usize, plane: usize, source: usize, step: usize, into: usize, bytes: usize): void {
  const end = into + bytes;
  for (; into < end; six += 16, source += 16, into += 16) {
    let p = keys<T>(v128.load(source));
    let q = keys<T>(v128.load(source + step));
    const r = keys<T>(v128.load(source + 2 * step));
    let s = keys<T>(v128.load(source + 3 * step));
    let t = keys<T>(v128.load(source + 4 * step));
    let a = lo<T>(p, s);
    s = hi<T>(p, s);
    let b = lo<T>(q, t);
    t = hi<T>(q, t);
    p = lo<T>(a, r);
    let c = hi<T>(a, r);
    q = lo<T>(b, s);
    s = hi<T>(b, s);
    a = lo<T>(p, q);
    b = hi<T>(p, q);
    p = lo<T>(c, t);
    t = hi<T>(c, t);
    c = hi<T>(b, p);
    b = lo<T>(b, p);
    q = lo<T>(s, t);
    t = hi<T>(s, t);
    s = hi<T>(c, q);
    c = lo<T>(c, q);
    // The sixth of all eleven: for each number of samples from the row, the largest of the smallest six.
    let median = v128.load(six + 5 * plane);
    median = lo<T>(median, hi<T>(v128.load(six + 4 * plane), a));
    median = lo<T>(median, hi<T>(v128.load(six + 3 * plane), b));
    median = lo<T>(median, hi<T>(v128.load(six + 2 * plane), c));
    median = lo<T>(median, hi<T>(v128.load(six + plane), s));
    v128.store(into, keys<T>(lo<T>(median, hi<T>(v128.load(six), t))));
  }
}

// @ts-ignore: decorator
@inline
function twoRowsOf25<T>(source: usize, into: usize, bytes: usize, rows: u32): void {
  const stride = sourceStride;
  const step = pixelStep;
  const plane = planeBytes;
  const columns = scratch;
  const pairs = columns + 4 * plane;
  const six = pairs + 8 * plane;
  const results = six + 6 * plane;
  while (bytes > 0) {
    const taken = min<usize>(bytes, strip);
    sortColumns<T>(source + stride, stride, columns, plane, taken + 4 * step);
    mergeColumns<T>(columns, step, pairs, plane, taken + 2 * step);
    mergeMiddle<T>(pairs, columns, step, six, plane, taken);
    for (let row: u32 = 0; row < rows; row++) {
      withFifthRow<T>(six, plane, source + 5 * <usize>row * stride, step, results, taken);
      memory.copy(into + <usize>row * intoStride, results, taken);
    }
    source += taken;
    into += taken;
    bytes -= taken;
  }
}

// @ts-ignore: decorator
@inline
function rowOf9<T>(source: usize, into: usize, bytes: usize): void {
  const stride = sourceStride;
  const step = pixelStep;
  const plane = planeBytes;
  const results = scratch + 3 * plane;
  while (bytes > 0) {
    const taken = min<usize>(bytes, strip);
    let columns = scratch;
    let end = columns + taken + 2 * step;
    for (let at = source; columns < end; at += 16, columns += 16) {
      const p = keys<T>(v128.load(at));
      const q = keys<T>(v128.load(at + stride));
      const r = keys<T>(v128.load(at + 2 * stride));
      const a = lo<T>(p, q);
      const b = hi<T>(p, q);
      const c = hi<T>(a, r);
      v128.store(columns, lo<T>(a, r));
      v128.store(columns + plane, lo<T>(b, c));
      v128.store(columns + 2 * plane, hi<T>(b, c));
    }
    columns = scratch;
    end = results + taken;
    for (let result = results; result < end; result += 16, columns += 16) {
      const second = columns + plane;
      const third = second + plane;
      const low = hi<T>(hi<T>(v128.load(columns), v128.load(columns + step)), v128.load(columns + 2 * step));
      const mid = middle<T>(v128.load(second), v128.load(second + step), v128.load(second + 2 * step));
      const high = lo<T>(lo<T>(v128.load(third), v128.load(third + step)), v128.load(third + 2 * step));
      v128.store(result, keys<T>(middle<T>(low, mid, high)));
    }
    memory.copy(into, results, taken);
    source += taken;
    into += taken;
    bytes -= taken;
  }
}

/**
 * `bytes` bytes of medians of 5×5 of one row, or of two, `rows`, below each other. `source` is the first sample of the
 * first window; up to 15 bytes behind the last one are read.
 */
export function medianRows5x5Of8(source: usize, into: usize, bytes: usize, rows: u32): void {
  twoRowsOf25<u8>(source, into, bytes, rows);
}

export function medianRows5x5Of16(source: usize, into: usize, bytes: usize, rows: u32): void {
  twoRowsOf25<u16>(source, into, bytes, rows);
}

export function medianRows5x5Of32(source: usize, into: usize, bytes: usize, rows: u32): void {
  twoRowsOf25<f32>(source, into, bytes, rows);
}

/** The same of 3×3, one row. */
export function medianRow3x3Of8(source: usize, into: usize, bytes: usize): void {
  rowOf9<u8>(source, into, bytes);
}

export function medianRow3x3Of16(source: usize, into: usize, bytes: usize): void {
  rowOf9<u16>(source, into, bytes);
}

export function medianRow3x3Of32(source: usize, into: usize, bytes: usize): void {
  rowOf9<f32>(source, into, bytes);
}
