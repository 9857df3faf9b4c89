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

/** Bit i: whether column x + i of up to 64 is a member. */
// @ts-ignore: decorator
@inline
function membersOf<T>(
  source: usize, step: usize, x: u32, width: u32, white: bool, entry: usize, valid: usize, plain: bool,
): u64 {
  const count = min<u32>(64, width - x);
  if (sizeof<T>() == 1 && plain && step == 1) {
    const none = i8x16.splat(0);
    let zeros: u64 = 0;
    for (let i: u32 = 0; i < count; i += 16) {
      zeros |= <u64>i8x16.bitmask(v128.eq<i8>(v128.load(source + x + i), none)) << i;
    }
    // Behind the row's end lie bytes of others.
    return (white ? ~zeros : zeros) & (<u64>-1 >> (64 - count));
  }
  let members: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const sample = load<T>(source + <usize>(x + i) * step);
    members |= <u64>isMember<T>(sample, white, entry, valid, x + i) << i;
  }
  return members;
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
  const first = runs + <usize>begin * RUN_BYTES;
  let end = first;
  // 1 where the run at `end` has begun. Beginnings and ends take turns, so nothing is asked of each.
  let open: u64 = 0;
  for (let x: u32 = 0; x < width; x += 64) {
    const members = membersOf<T>(source, step, x, width, white, entry, valid, plain);
    let changes = members ^ ((members << 1) | open);
    while (changes != 0) {
      store<i32>(end + (<usize>open << 2), <i32>x + <i32>ctz(changes));
      end += <usize>open * RUN_BYTES;
      open ^= 1;
      changes &= changes - 1;
    }
  }
  if (open) {
    // A row of whole words has no change behind its last column.
    store<i32>(end, <i32>width, 4);
    end += RUN_BYTES;
  }
  const stop = runs + <usize>begin * RUN_BYTES;
  let upper = runs + <usize>above * RUN_BYTES;
  let number = begin;
  for (let run = first; run < end; run += RUN_BYTES, number++) {
    const from = load<i32>(run) - reach;
    const to = load<i32>(run, 4) + reach;
    while (upper < stop && load<i32>(upper, 4) <= from) upper += RUN_BYTES;
    let root = number;
    for (let other = upper; other < stop && load<i32>(other) < to; other += RUN_BYTES) {
      const met = firstOf(runs, <i32>((other - runs) / RUN_BYTES));
      // The first one met stands for the run as it is.
      if (root != number) {
        if (met < root) store<i32>(runs + <usize>root * RUN_BYTES, met, 8);
        else if (root < met) store<i32>(runs + <usize>met * RUN_BYTES, root, 8);
      }
      root = min(root, met);
    }
    store<i32>(run, root, 8);
  }
  return number;
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

/**
 * Adds the pixels of the runs [first, end) to the int32 areas of their components, and marks with a byte of `atEdge` the
 * components of those that touch the edge of the image: those from its first to its last column, or where the row is
 * the image's first or last one, all of them.
 */
export function addAreas(
  runs: usize, first: i32, end: i32, width: i32, isEdge: bool, areas: usize, atEdge: usize,
): void {
  for (let run = first; run < end; run++) {
    const at = runs + <usize>run * RUN_BYTES;
    const start = load<i32>(at);
    const stop = load<i32>(at, 4);
    const number = <usize>load<i32>(at, 8);
    const area = areas + (number << 2);
    store<i32>(area, load<i32>(area) + stop - start);
    if (isEdge || start == 0 || stop == width) store<u8>(atEdge + number, 1);
  }
}

/** Fills the words [at, end) of a row, which ends at `limit`: what lies behind them is written over later. */
// @ts-ignore: decorator
@inline
function fillWords(at: usize, end: usize, limit: usize, value: u32): usize {
  const four = i32x4.splat(value);
  for (; at < end && at + 16 <= limit; at += 16) v128.store(at, four);
  for (; at < end; at += 4) store<u32>(at, value);
  return end;
}

/**
 * Writes the uint32 label of each run's component over columns [from, to) of a row; what is of none becomes 0. `step` is
 * bytes of a pixel.
 */
export function writeLabels(
  runs: usize, first: i32, end: i32, labels: usize, into: usize, step: usize, from: i32, to: i32,
): void {
  let x = from;
  let at = into;
  const limit = into + <usize>(to - from) * step;
  for (let run = first; run < end; run++) {
    const entry = runs + <usize>run * RUN_BYTES;
    const start = min(to, max(from, load<i32>(entry)));
    const stop = min(to, load<i32>(entry, 4));
    const label = load<u32>(labels + (<usize>load<i32>(entry, 8) << 2));
    if (step == 4) {
      at = fillWords(at, into + (<usize>(start - from) << 2), limit, 0);
      if (stop > start) at = fillWords(at, into + (<usize>(stop - from) << 2), limit, label);
      continue;
    }
    for (; x < start; x++) store<u32>(into + <usize>(x - from) * step, 0);
    for (; x < stop; x++) store<u32>(into + <usize>(x - from) * step, label);
  }
  if (step == 4) fillWords(at, limit, limit, 0);
  else for (; x < to; x++) store<u32>(into + <usize>(x - from) * step, 0);
}
