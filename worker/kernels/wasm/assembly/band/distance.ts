// Exact distances over full rows: how far the next member of each column is, then the lower envelope of one curve a
// column along each row (Felzenszwalb and Huttenlocher 2012; Meijster, Roerdink and Hesselink 2000). float64 holds every
// sum of whole pixels exactly; where two curves meet is an integer division, rounded down.
import { isMasked, isNodata } from '../lib/nodata';

/** The next member of a column lies below its band, or nowhere. */
const BEYOND: u16 = 0xffff;
/** Stands for a row where there is none. */
const NO_ROW: i32 = -1;

// @ts-ignore: decorator
@inline
function isMember<T>(sample: T, white: bool, entry: usize, valid: usize, x: u32): bool {
  if (isFloat<T>() && sample != sample) return false;
  if ((sample != <T>0) != white) return false;
  return !isMasked(valid, x) && !isNodata<T>(sample, entry);
}

/**
 * One row of a band, from its last one up: `next` takes the row in the band of the nearest member at or below each pixel,
 * `after` is the row under it. `plain` says that every sample counts.
 */
// @ts-ignore: decorator
@inline
function nextRow<T>(
  source: usize, step: usize, width: u32, row: u16, white: bool, entry: usize, valid: usize, plain: bool, after: usize, next: usize,
): void {
  let x: u32 = 0;
  if (sizeof<T>() == 1 && plain && step == 1) {
    const rows = i16x8.splat(row);
    const flip = white ? i8x16.splat(0) : i8x16.splat(-1);
    for (; x + 16 <= width; x += 16) {
      const zero = v128.eq<i8>(v128.load(source + x), i8x16.splat(0));
      // All ones where the pixel is no member.
      const out = v128.xor(zero, flip);
      const low = v128.bitselect(v128.load(after + (<usize>x << 1)), rows, i16x8.extend_low_i8x16_s(out));
      const high = v128.bitselect(v128.load(after + (<usize>x << 1), 16), rows, i16x8.extend_high_i8x16_s(out));
      v128.store(next + (<usize>x << 1), low);
      v128.store(next + (<usize>x << 1), high, 16);
    }
  }
  for (; x < width; x++) {
    const member = isMember<T>(load<T>(source + <usize>x * step), white, entry, valid, x);
    store<u16>(next + (<usize>x << 1), member ? row : load<u16>(after + (<usize>x << 1)));
  }
}

export function nextRow8(
  source: usize, step: usize, width: u32, row: u32, white: bool, entry: usize, valid: usize, plain: bool, after: usize, next: usize,
): void {
  nextRow<u8>(source, step, width, <u16>row, white, entry, valid, plain, after, next);
}

export function nextRow16(
  source: usize, step: usize, width: u32, row: u32, white: bool, entry: usize, valid: usize, plain: bool, after: usize, next: usize,
): void {
  nextRow<u16>(source, step, width, <u16>row, white, entry, valid, plain, after, next);
}

export function nextRow32(
  source: usize, step: usize, width: u32, row: u32, white: bool, entry: usize, valid: usize, plain: bool, after: usize, next: usize,
): void {
  nextRow<f32>(source, step, width, <u16>row, white, entry, valid, plain, after, next);
}

export function nextRowLabels(
  source: usize, step: usize, width: u32, row: u32, white: bool, entry: usize, valid: usize, plain: bool, after: usize, next: usize,
): void {
  nextRow<u32>(source, step, width, <u16>row, white, entry, valid, plain, after, next);
}

/**
 * How far the nearest member of each column is from row `y` of the image, times dy, squared where `squared`: infinite
 * where there is none. `up` holds the nearest rows above and is brought up to date; `below` those under the band, which
 * begins at row `top`.
 */
export function ways(
  next: usize, up: usize, below: usize, ways: usize, width: u32, y: i32, top: i32, dy: f64, squared: bool,
): void {
  for (let x: u32 = 0; x < width; x++) {
    const inside = load<u16>(next + (<usize>x << 1));
    const down = inside == BEYOND ? load<i32>(below + (<usize>x << 2)) : top + <i32>inside;
    if (down == y) store<i32>(up + (<usize>x << 2), y);
    const above = load<i32>(up + (<usize>x << 2));
    let rows: i32 = i32.MAX_VALUE;
    if (above != NO_ROW) rows = y - above;
    if (down != NO_ROW && down - y < rows) rows = down - y;
    let way = dy * <f64>rows;
    if (squared) way *= way;
    store<f64>(ways + (<usize>x << 3), rows == i32.MAX_VALUE ? Infinity : way);
  }
}

/**
 * Squared distances of the pixels [from, to) of a row from the squared ways of its columns. `stack` takes the curves of
 * the envelope: column and squared way as float64, and the first pixel that each one is the lowest at.
 */
export function euclidean(ways: usize, width: u32, stack: usize, result: usize, from: i32, to: i32, dx: f64): void {
  const dx2 = dx * dx;
  let top = stack - 24;
  const last = <f64>(width - 1);
  for (let x: u32 = 0; x < width; x++) {
    const way = load<f64>(ways + (<usize>x << 3));
    if (way == Infinity) continue;
    const u = <f64>x;
    let start: f64 = 0;
    while (top >= stack) {
      const v = load<f64>(top);
      const other = load<f64>(top, 8);
      const begin = load<f64>(top, 16);
      const there = begin - v;
      const here = u - begin;
      if (dx2 * there * there + other > dx2 * here * here + way) {
        top -= 24;
        continue;
      }
      // The last pixel at which the curve of v is no higher than that of u.
      start = 1 + Math.floor((way - other + dx2 * (u * u - v * v)) / (2 * dx2 * (u - v)));
      break;
    }
    if (start > last) continue;
    top += 24;
    store<f64>(top, u);
    store<f64>(top, way, 8);
    store<f64>(top, top == stack ? 0 : start, 16);
  }
  fill(stack, top, result, from, to, dx, 0);
}

/** As {@link euclidean}, of ways that are not squared: the larger of the two ways. */
export function chessboard(ways: usize, width: u32, stack: usize, result: usize, from: i32, to: i32, dx: f64): void {
  let top = stack - 24;
  const last = <f64>(width - 1);
  for (let x: u32 = 0; x < width; x++) {
    const way = load<f64>(ways + (<usize>x << 3));
    if (way == Infinity) continue;
    const u = <f64>x;
    let start: f64 = 0;
    while (top >= stack) {
      const v = load<f64>(top);
      const other = load<f64>(top, 8);
      const begin = load<f64>(top, 16);
      if (Math.max(dx * Math.abs(begin - v), other) > Math.max(dx * Math.abs(u - begin), way)) {
        top -= 24;
        continue;
      }
      const middle = (u + v) / 2;
      start = 1 + Math.floor(other <= way ? Math.max(v + way / dx, middle) : Math.min(u - other / dx, middle));
      break;
    }
    if (start > last) continue;
    top += 24;
    store<f64>(top, u);
    store<f64>(top, way, 8);
    store<f64>(top, top == stack ? 0 : start, 16);
  }
  fill(stack, top, result, from, to, dx, 1);
}

// @ts-ignore: decorator
@inline
function fill(stack: usize, last: usize, result: usize, from: i32, to: i32, dx: f64, metric: i32): void {
  if (last < stack) {
    for (let x = from; x < to; x++) store<f64>(result + (<usize>(x - from) << 3), Infinity);
    return;
  }
  let top = last;
  for (let x = to - 1; x >= from; x--) {
    const at = <f64>x;
    while (load<f64>(top, 16) > at) top -= 24;
    const across = metric == 0 ? dx * (at - load<f64>(top)) : dx * Math.abs(at - load<f64>(top));
    const way = load<f64>(top, 8);
    store<f64>(result + (<usize>(x - from) << 3), metric == 0 ? across * across + way : Math.max(across, way));
  }
}

/** As {@link euclidean}, of ways that are not squared: the sum of the two ways. `ways` is written over. */
export function taxicab(ways: usize, width: u32, stack: usize, result: usize, from: i32, to: i32, dx: f64): void {
  // The nearest curve from each side; steps are counted, so that nothing adds up.
  let v: f64 = -1;
  let other: f64 = Infinity;
  for (let x: u32 = 0; x < width; x++) {
    const way = load<f64>(ways + (<usize>x << 3));
    const there = other + dx * (<f64>x - v);
    if (way <= there) {
      v = <f64>x;
      other = way;
    }
    store<f64>(stack + (<usize>x << 3), Math.min(way, there));
  }
  other = Infinity;
  for (let x = <i32>width - 1; x >= 0; x--) {
    const way = load<f64>(ways + (<usize>x << 3));
    const there = other + dx * (v - <f64>x);
    if (way <= there) {
      v = <f64>x;
      other = way;
    }
    if (x < from || x >= to) continue;
    store<f64>(result + (<usize>(x - from) << 3), Math.min(Math.min(way, there), load<f64>(stack + (<usize>x << 3))));
  }
}

// @ts-ignore: decorator
@inline
function put<T>(into: usize, value: f64): void {
  if (isFloat<T>()) store<f32>(into, <f32>value);
  else {
    const most = sizeof<T>() == 1 ? 255.0 : sizeof<T>() == 2 ? 65535.0 : 4294967295.0;
    store<T>(into, <T><u32>Math.min(most, Math.max(0, Math.floor(value + 0.5))));
  }
}

// @ts-ignore: decorator
@inline
function finish<T>(
  outside: usize, inside: usize, into: usize, step: usize, count: u32, root: bool, cap: f64, scale: f64,
): void {
  for (let x: u32 = 0; x < count; x++) {
    const way = load<f64>(outside + (<usize>x << 3));
    const within = inside != 0 && way == 0;
    let value = within ? load<f64>(inside + (<usize>x << 3)) : way;
    if (root) value = Math.sqrt(value);
    value = Math.min(value, cap) * scale;
    put<T>(into + <usize>x * step, within ? -value : value);
  }
}

/** Stores a row of distances; `inside` holds those to the other set where the sign is wanted, 0 elsewhere. */
export function finish8(
  outside: usize, inside: usize, into: usize, step: usize, count: u32, root: bool, cap: f64, scale: f64,
): void {
  finish<u8>(outside, inside, into, step, count, root, cap, scale);
}

export function finish16(
  outside: usize, inside: usize, into: usize, step: usize, count: u32, root: bool, cap: f64, scale: f64,
): void {
  finish<u16>(outside, inside, into, step, count, root, cap, scale);
}

export function finish32(
  outside: usize, inside: usize, into: usize, step: usize, count: u32, root: bool, cap: f64, scale: f64,
): void {
  finish<f32>(outside, inside, into, step, count, root, cap, scale);
}

export function finishLabels(
  outside: usize, inside: usize, into: usize, step: usize, count: u32, root: bool, cap: f64, scale: f64,
): void {
  finish<u32>(outside, inside, into, step, count, root, cap, scale);
}
