// Connected components of a band of full rows by runs: runs of members along each row, joined with those of the row
// above that they touch. A run is three int32: first column, the column behind its last, and the first run in raster order
// that it is known to be connected with.
import { isMember } from '../lib/nodata';

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

/** Bits of what is known of a component: it touches the edge of the image; it may go on in another band. */
const AT_EDGE: u8 = 1;
const AT_SEAM: u8 = 2;

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
  let upper = runs + <usize>above * RUN_BYTES;
  let number = begin;
  for (let run = first; run < end; run += RUN_BYTES, number++) {
    const from = load<i32>(run) - reach;
    const to = load<i32>(run, 4) + reach;
    while (upper < first && load<i32>(upper, 4) <= from) upper += RUN_BYTES;
    let root = number;
    for (let other = upper; other < first && load<i32>(other) < to; other += RUN_BYTES) {
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

/**
 * The runs of a band's rows, joined with those that they touch, and in `rows` the first run of each row, then how many
 * there are, which is returned. Rows lie `rowBytes` apart, bytes of `valid` `validBytes`.
 */
// @ts-ignore: decorator
@inline
function bandRuns<T>(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, runs: usize, rows: usize, reach: i32,
): i32 {
  let above = 0;
  let begin = 0;
  for (let y: u32 = 0; y < height; y++) {
    store<i32>(rows, begin);
    const end = rowRuns<T>(source, step, width, white, entry, valid, plain, runs, above, begin, reach);
    above = begin;
    begin = end;
    source += rowBytes;
    valid += validBytes;
    rows += 4;
  }
  store<i32>(rows, begin);
  return begin;
}

export function bandRuns8(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, runs: usize, rows: usize, reach: i32,
): i32 {
  return bandRuns<u8>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, runs, rows, reach,
  );
}

export function bandRuns16(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, runs: usize, rows: usize, reach: i32,
): i32 {
  return bandRuns<u16>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, runs, rows, reach,
  );
}

export function bandRuns32(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, runs: usize, rows: usize, reach: i32,
): i32 {
  return bandRuns<f32>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, runs, rows, reach,
  );
}

export function bandRunsLabels(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, runs: usize, rows: usize, reach: i32,
): i32 {
  return bandRuns<u32>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, runs, rows, reach,
  );
}

/**
 * Replaces what each run is connected with by the number of its component, from 1 in raster order, and returns how many
 * there are; `areas` takes the pixels of each as int32 and `flags` a byte, by its number.
 */
export function numberRuns(runs: usize, count: i32, width: i32, areas: usize, flags: usize): i32 {
  let numbers: usize = 0;
  for (let run = 0; run < count; run++) {
    const at = runs + <usize>run * RUN_BYTES;
    const start = load<i32>(at);
    const stop = load<i32>(at, 4);
    const parent = load<i32>(at, 8);
    const flag = <u8>(start == 0 || stop == width);
    if (parent == run) {
      numbers++;
      store<i32>(at, <i32>numbers, 8);
      store<i32>(areas + (numbers << 2), stop - start);
      store<u8>(flags + numbers, flag);
      continue;
    }
    // Runs before this one hold their numbers already.
    const number = <usize>load<i32>(runs + <usize>parent * RUN_BYTES, 8);
    store<i32>(at, <i32>number, 8);
    const area = areas + (number << 2);
    store<i32>(area, load<i32>(area) + stop - start);
    store<u8>(flags + number, load<u8>(flags + number) | flag);
  }
  return <i32>numbers;
}

/** Flags the components of the runs [first, end), those of a band's first or last row. */
export function flagRow(runs: usize, first: i32, end: i32, flags: usize, isSeam: bool): void {
  for (let run = first; run < end; run++) {
    const flag = flags + <usize>load<i32>(runs + <usize>run * RUN_BYTES, 8);
    store<u8>(flag, load<u8>(flag) | (isSeam ? AT_SEAM : AT_EDGE));
  }
}

// @ts-ignore: decorator
@inline
function counts(area: i32, flag: u8, minArea: i32, atEdge: bool): bool {
  return area >= minArea && (atEdge || (flag & AT_EDGE) == 0);
}

/**
 * Of the components that may go on in another band: area, whether at the edge, and how many before it end in this band
 * and count, three int32 each in `told`; their areas are replaced by their places there. `summary` takes how many those
 * are, how many end here and count, and of the largest of these its place among them from 1 and its area.
 */
export function tell(
  count: i32, areas: usize, flags: usize, minArea: i32, atEdge: bool, told: usize, summary: usize,
): void {
  let seam = 0;
  let inner = 0;
  let place = 0;
  let most = 0;
  for (let number: usize = 1; number <= <usize>count; number++) {
    const area = load<i32>(areas + (number << 2));
    const flag = load<u8>(flags + number);
    if (flag & AT_SEAM) {
      store<i32>(told, area);
      store<i32>(told, flag & AT_EDGE, 4);
      store<i32>(told, inner, 8);
      told += 12;
      store<i32>(areas + (number << 2), seam++);
    } else if (counts(area, flag, minArea, atEdge)) {
      inner++;
      if (area > most) {
        most = area;
        place = inner;
      }
    }
  }
  store<i32>(summary, seam);
  store<i32>(summary, inner, 4);
  store<i32>(summary, place, 8);
  store<i32>(summary, most, 12);
}

/**
 * Replaces the areas of a band's components by their labels: those in `given` of the ones that may go on in another band,
 * and of those that end here and count the numbers that follow `used`. Where only the largest of the image counts, `used`
 * says whether it ends here.
 */
export function labelComponents(
  count: i32, areas: usize, flags: usize, minArea: i32, atEdge: bool, largest: bool, used: u32, given: usize,
): void {
  const isHere = largest && used == 1;
  let most = 0;
  let best: usize = 0;
  for (let number: usize = 1; number <= <usize>count; number++) {
    const at = areas + (number << 2);
    const area = load<i32>(at);
    const flag = load<u8>(flags + number);
    let label: u32 = 0;
    if (flag & AT_SEAM) {
      label = load<u32>(given);
      given += 4;
      // The others began before, in this band or above it.
      if (!largest && label == used + 1) used = label;
    } else if (counts(area, flag, minArea, atEdge)) {
      if (!largest) label = ++used;
      else if (area > most) {
        most = area;
        best = number;
      }
    }
    store<u32>(at, label);
  }
  if (isHere && best != 0) store<u32>(areas + (best << 2), 1);
}

/** Fills the words [at, end) of a row, which ends at `limit`: what lies behind them is written over later. */
// @ts-ignore: decorator
@inline
function fillWords(at: usize, end: usize, limit: usize, value: u32): usize {
  const four = i32x4.splat(value);
  if (at + 48 <= limit) {
    // Most runs and gaps are short, and no branch tells how short.
    v128.store(at, four);
    v128.store(at, four, 16);
    v128.store(at, four, 32);
    at += 48;
  }
  for (; at < end && at + 16 <= limit; at += 16) v128.store(at, four);
  for (; at < end; at += 4) store<u32>(at, value);
  return end;
}

// @ts-ignore: decorator
@inline
function labelRow(
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

/**
 * Writes the uint32 label of each run's component over columns [from, to) of rows, whose first runs are in `rows`; what is
 * of none becomes 0. `step` is bytes of a pixel.
 */
export function writeLabels(
  runs: usize, rows: usize, height: u32, labels: usize, into: usize, rowBytes: usize, step: usize, from: i32, to: i32,
): void {
  for (let y: u32 = 0; y < height; y++, rows += 4, into += rowBytes) {
    labelRow(runs, load<i32>(rows), load<i32>(rows, 4), labels, into, step, from, to);
  }
}
