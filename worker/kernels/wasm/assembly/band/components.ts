// Connected components of a band of full rows by runs: runs of members along each row, joined with those of the row
// above that they touch. A run is three int32: first column, the column behind its last, and the first run in raster order
// that it is known to be connected with.
import { isMasked, isNodata } from '../lib/nodata';

const RUN_BYTES: usize = 12;

// @ts-ignore: decorator
@inline
function firstOf(runs: usize, run: i32): i32 {
  let at = run;
  let parent = load<i32>(runs + <usize>at * RUN_BYTES, 8);
  while (parent != at) {
    const above = load<i32>(runs + <usize>parent * RUN_BYTES, 8);
    store<i32>(runs + <usize>at * RUN_BYTES, above, 8);
    at = above;
    parent = load<i32>(runs + <usize>at * RUN_BYTES, 8);
  }
  return at;
}

// @ts-ignore: decorator
@inline
function isMember<T>(sample: T, white: bool, entry: usize, valid: usize, x: u32): bool {
  if (isFloat<T>() && sample != sample) return false;
  if ((sample != <T>0) != white) return false;
  return !isMasked(valid, x) && !isNodata<T>(sample, entry);
}

/** The first column from x on that is a member, or none of them; `width` where there is none. */
// @ts-ignore: decorator
@inline
function seek<T>(
  source: usize, step: usize, from: u32, width: u32, wanted: bool, white: bool, entry: usize, valid: usize, plain: bool,
): u32 {
  let x = from;
  if (sizeof<T>() == 1 && plain && step == 1) {
    // Sixteen columns at a time that are all alike.
    const skipsZero = wanted == white;
    while (x + 16 <= width) {
      const zero = i8x16.bitmask(v128.eq<i8>(v128.load(source + x), i8x16.splat(0)));
      const stops = skipsZero ? ~zero & 0xffff : zero;
      if (stops != 0) return x + <u32>ctz(stops);
      x += 16;
    }
  }
  while (x < width && isMember<T>(load<T>(source + <usize>x * step), white, entry, valid, x) != wanted) x++;
  return x;
}

/**
 * Appends the runs of a row and joins them with those of the row above, which are runs [above, begin); `reach` is 1
 * where corners connect. Returns how many runs there are then.
 */
// @ts-ignore: decorator
@inline
function rowRuns<T>(
  source: usize, step: usize, width: u32, white: bool, entry: usize, valid: usize, plain: bool,
  runs: usize, above: i32, begin: i32, reach: i32,
): i32 {
  let count = begin;
  let x: u32 = 0;
  let upper = above;
  for (;;) {
    const start = seek<T>(source, step, x, width, true, white, entry, valid, plain);
    if (start >= width) break;
    const end = seek<T>(source, step, start + 1, width, false, white, entry, valid, plain);
    const run = runs + <usize>count * RUN_BYTES;
    store<i32>(run, <i32>start);
    store<i32>(run, <i32>end, 4);
    store<i32>(run, count, 8);
    while (upper < begin && load<i32>(runs + <usize>upper * RUN_BYTES, 4) + reach <= <i32>start) upper++;
    for (let other = upper; other < begin; other++) {
      if (load<i32>(runs + <usize>other * RUN_BYTES) >= <i32>end + reach) break;
      const a = firstOf(runs, other);
      const b = firstOf(runs, count);
      if (a < b) store<i32>(runs + <usize>b * RUN_BYTES, a, 8);
      else if (b < a) store<i32>(runs + <usize>a * RUN_BYTES, b, 8);
    }
    count++;
    x = end + 1;
  }
  return count;
}

export function rowRuns8(
  source: usize, step: usize, width: u32, white: bool, entry: usize, valid: usize, plain: bool,
  runs: usize, above: i32, begin: i32, reach: i32,
): i32 {
  return rowRuns<u8>(source, step, width, white, entry, valid, plain, runs, above, begin, reach);
}

export function rowRuns16(
  source: usize, step: usize, width: u32, white: bool, entry: usize, valid: usize, plain: bool,
  runs: usize, above: i32, begin: i32, reach: i32,
): i32 {
  return rowRuns<u16>(source, step, width, white, entry, valid, plain, runs, above, begin, reach);
}

export function rowRuns32(
  source: usize, step: usize, width: u32, white: bool, entry: usize, valid: usize, plain: bool,
  runs: usize, above: i32, begin: i32, reach: i32,
): i32 {
  return rowRuns<f32>(source, step, width, white, entry, valid, plain, runs, above, begin, reach);
}

export function rowRunsLabels(
  source: usize, step: usize, width: u32, white: bool, entry: usize, valid: usize, plain: bool,
  runs: usize, above: i32, begin: i32, reach: i32,
): i32 {
  return rowRuns<u32>(source, step, width, white, entry, valid, plain, runs, above, begin, reach);
}

/** Replaces what each run is connected with by the number of its component, from 1 in raster order; returns how many. */
export function numberRuns(runs: usize, count: i32): i32 {
  let numbers = 0;
  for (let run = 0; run < count; run++) {
    const at = runs + <usize>run * RUN_BYTES;
    const parent = load<i32>(at, 8);
    // Runs before this one hold their numbers already.
    if (parent == run) store<i32>(at, ++numbers, 8);
    else store<i32>(at, load<i32>(runs + <usize>parent * RUN_BYTES, 8), 8);
  }
  return numbers;
}

/** Adds the pixels of runs to the int32 areas of their components. */
export function addAreas(runs: usize, count: i32, areas: usize): void {
  for (let run = 0; run < count; run++) {
    const at = runs + <usize>run * RUN_BYTES;
    const area = areas + (<usize>load<i32>(at, 8) << 2);
    store<i32>(area, load<i32>(area) + load<i32>(at, 4) - load<i32>(at));
  }
}

/**
 * Writes the uint32 label of each run's component over columns [from, to) of a row; what is of none becomes 0. `step` is
 * bytes of a pixel.
 */
export function writeLabels(
  runs: usize, first: i32, end: i32, labels: usize, into: usize, step: usize, from: i32, to: i32,
): void {
  let x = from;
  for (let run = first; run < end; run++) {
    const at = runs + <usize>run * RUN_BYTES;
    const start = min(to, max(from, load<i32>(at)));
    const stop = min(to, load<i32>(at, 4));
    const label = load<u32>(labels + (<usize>load<i32>(at, 8) << 2));
    for (; x < start; x++) store<u32>(into + <usize>(x - from) * step, 0);
    for (; x < stop; x++) store<u32>(into + <usize>(x - from) * step, label);
  }
  for (; x < to; x++) store<u32>(into + <usize>(x - from) * step, 0);
}
