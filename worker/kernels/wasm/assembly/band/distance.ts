// Exact distances over full rows: the lower envelope of one curve a column along each row (Felzenszwalb and Huttenlocher
// 2012; Meijster, Roerdink and Hesselink 2000), from how far the next member of each column is. float64 holds every sum of
// whole pixels exactly; where two curves meet is an integer division, rounded down.
import { BEYOND, NO_ROW } from '../lib/member-rows';

/** A set of members as addresses: of rows (see `nextRows` of members.ts), of the rows above and below, and of a row of distances. */
// @ts-ignore: decorator
@unmanaged
class MemberSet {
  lines: usize;
  up: usize;
  below: usize;
  /** The columns that have a member anywhere, int32; there are `count` of them. */
  columns: usize;
  count: u32;
  distances: usize;
}

/** Lists the columns of a set that have a member in the band, above or below it. */
export function listColumns(address: usize, width: u32): void {
  const set = changetype<MemberSet>(address);
  const line = load<usize>(set.lines);
  let count: usize = 0;
  for (let x: u32 = 0; x < width; x++) {
    const at = <usize>x << 2;
    const none =
      load<u16>(line + (at >> 1)) == BEYOND && load<i32>(set.up + at) == NO_ROW && load<i32>(set.below + at) == NO_ROW;
    store<u32>(set.columns + (count << 2), x);
    count += <usize>!none;
  }
  set.count = <u32>count;
}

/**
 * How far the nearest member of each column is from row `y` of the image, times dy, squared where `squared`: infinite
 * where there is none. `up` holds the nearest rows above and is brought up to date; `below` those under the band, which
 * begins at row `top`. Where few columns have a member, these alone are looked at, and their ways lie one behind the other.
 */
// @ts-ignore: decorator
@inline
function rowWays(set: MemberSet, isSparse: bool, ways: usize, width: u32, y: i32, top: i32, dy: f64, squared: bool): void {
  const next = load<usize>(set.lines + (<usize>(y - top) << 2));
  const up = set.up;
  const below = set.below;
  if (isSparse) {
    for (let i: u32 = 0; i < set.count; i++) {
      const x = load<u32>(set.columns + (<usize>i << 2));
      store<f64>(ways + (<usize>i << 3), oneWay(next, up, below, x, y, top, dy, squared));
    }
    return;
  }
  let x: u32 = 0;
  for (; x + 8 <= width; x += 8) {
    const inside = v128.load(next + (<usize>x << 1));
    const first = <usize>x << 2;
    fourWays(i32x4.extend_low_i16x8_u(inside), up + first, below + first, ways + (first << 1), y, top, dy, squared);
    fourWays(i32x4.extend_high_i16x8_u(inside), up + first + 16, below + first + 16, ways + (first << 1) + 32, y, top, dy, squared);
  }
  for (; x < width; x++) store<f64>(ways + (<usize>x << 3), oneWay(next, up, below, x, y, top, dy, squared));
}

// @ts-ignore: decorator
@inline
function oneWay(next: usize, up: usize, below: usize, x: u32, y: i32, top: i32, dy: f64, squared: bool): f64 {
  const inside = load<u16>(next + (<usize>x << 1));
  const down = inside == BEYOND ? load<i32>(below + (<usize>x << 2)) : top + <i32>inside;
  if (down == y) store<i32>(up + (<usize>x << 2), y);
  const above = load<i32>(up + (<usize>x << 2));
  let rows: i32 = i32.MAX_VALUE;
  if (above != NO_ROW) rows = y - above;
  if (down != NO_ROW && down - y < rows) rows = down - y;
  if (rows == i32.MAX_VALUE) return Infinity;
  const way = dy * <f64>rows;
  return squared ? way * way : way;
}

/** The same of four columns. */
// @ts-ignore: decorator
@inline
function fourWays(
  inside: v128, up: usize, below: usize, into: usize, y: i32, top: i32, dy: f64, squared: bool,
): void {
  const row = i32x4.splat(y);
  const none = i32x4.splat(NO_ROW);
  const most = i32x4.splat(i32.MAX_VALUE);
  const isBeyond = i32x4.eq(inside, i32x4.splat(<i32>BEYOND));
  const down = v128.bitselect(v128.load(below), i32x4.add(inside, i32x4.splat(top)), isBeyond);
  const above = v128.bitselect(row, v128.load(up), i32x4.eq(down, row));
  v128.store(up, above);
  const rows = i32x4.min_s(
    v128.bitselect(most, i32x4.sub(row, above), i32x4.eq(above, none)),
    v128.bitselect(most, i32x4.sub(down, row), i32x4.eq(down, none)),
  );
  const nowhere = i32x4.eq(rows, most);
  const infinite = f64x2.splat(Infinity);
  if (i32x4.all_true(nowhere)) {
    v128.store(into, infinite);
    v128.store(into, infinite, 16);
    return;
  }
  const step = f64x2.splat(dy);
  let low = f64x2.mul(step, f64x2.convert_low_i32x4_s(rows));
  let high = f64x2.mul(step, f64x2.convert_low_i32x4_s(i32x4.shuffle(rows, rows, 2, 3, 2, 3)));
  if (squared) {
    low = f64x2.mul(low, low);
    high = f64x2.mul(high, high);
  }
  v128.store(into, v128.bitselect(infinite, low, i64x2.extend_low_i32x4_s(nowhere)));
  v128.store(into, v128.bitselect(infinite, high, i64x2.extend_high_i32x4_s(nowhere)), 16);
}

/**
 * Squared distances of the pixels [from, to) of a row from the squared ways of its columns. `stack` takes the curves of
 * the envelope: column and squared way as float64, and the first pixel that each one is the lowest at.
 */
// @ts-ignore: decorator
@inline
function euclidean(
  ways: usize, columns: usize, count: u32, width: u32, stack: usize, result: usize, from: i32, to: i32, dx: f64,
): void {
  const dx2 = dx * dx;
  let top = stack - 24;
  const last = <f64>(width - 1);
  for (let i: u32 = 0; i < count; i++) {
    const way = load<f64>(ways + (<usize>i << 3));
    if (way == Infinity) continue;
    const u = <f64>(columns == 0 ? i : load<u32>(columns + (<usize>i << 2)));
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
// @ts-ignore: decorator
@inline
function chessboard(
  ways: usize, columns: usize, count: u32, width: u32, stack: usize, result: usize, from: i32, to: i32, dx: f64): void {
  let top = stack - 24;
  const last = <f64>(width - 1);
  for (let i: u32 = 0; i < count; i++) {
    const way = load<f64>(ways + (<usize>i << 3));
    if (way == Infinity) continue;
    const u = <f64>(columns == 0 ? i : load<u32>(columns + (<usize>i << 2)));
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
  const steps = f64x2.splat(dx);
  let top = last;
  for (let end = to; end > from; ) {
    while (load<f64>(top, 16) > <f64>(end - 1)) top -= 24;
    const begin = <i32>Math.max(<f64>from, load<f64>(top, 16));
    const v = load<f64>(top);
    const way = load<f64>(top, 8);
    const column = f64x2.splat(v);
    const least = f64x2.splat(way);
    let x = begin;
    let at = f64x2.add(f64x2.splat(<f64>begin), f64x2(0, 1));
    for (; x + 2 <= end; x += 2, at = f64x2.add(at, f64x2.splat(2))) {
      const across = f64x2.sub(at, column);
      const far = f64x2.mul(steps, metric == 0 ? across : f64x2.abs(across));
      const distance = metric == 0 ? f64x2.add(f64x2.mul(far, far), least) : f64x2.max(far, least);
      v128.store(result + (<usize>(x - from) << 3), distance);
    }
    if (x < end) {
      const across = metric == 0 ? dx * (<f64>x - v) : dx * Math.abs(<f64>x - v);
      store<f64>(result + (<usize>(x - from) << 3), metric == 0 ? across * across + way : Math.max(across, way));
    }
    end = begin;
  }
}

/** As {@link euclidean}, of ways that are not squared: the sum of the two ways. `ways` is written over. */
// @ts-ignore: decorator
@inline
function taxicab(ways: usize, width: u32, stack: usize, result: usize, from: i32, to: i32, dx: f64): void {
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
function finished(ways: v128, root: bool, cap: f64, scale: f64): v128 {
  const far = root ? f64x2.sqrt(ways) : ways;
  return f64x2.mul(f64x2.min(far, f64x2.splat(cap)), f64x2.splat(scale));
}

// @ts-ignore: decorator
@inline
function finish<T>(
  outside: usize, inside: usize, into: usize, step: usize, count: u32, root: bool, cap: f64, scale: f64,
): void {
  let x: u32 = 0;
  if (isFloat<T>() && inside == 0 && step == 4) {
    for (; x + 4 <= count; x += 4) {
      const low = finished(v128.load(outside + (<usize>x << 3)), root, cap, scale);
      const high = finished(v128.load(outside + (<usize>x << 3), 16), root, cap, scale);
      const floats = i32x4.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
      v128.store(into + (<usize>x << 2), floats);
    }
  }
  for (; x < count; x++) {
    const way = load<f64>(outside + (<usize>x << 3));
    const within = inside != 0 && way == 0;
    let value = within ? load<f64>(inside + (<usize>x << 3)) : way;
    if (root) value = Math.sqrt(value);
    value = Math.min(value, cap) * scale;
    put<T>(into + <usize>x * step, within ? -value : value);
  }
}

/** `metric`: 0 euclidean, 1 chessboard, 2 taxicab. */
// @ts-ignore: decorator
@inline
function measureRow(
  set: MemberSet, isSparse: bool, metric: i32, ways: usize, width: u32, stack: usize, from: i32, to: i32, dx: f64,
): void {
  const columns = isSparse ? set.columns : 0;
  const count = isSparse ? set.count : width;
  if (metric == 0) euclidean(ways, columns, count, width, stack, set.distances, from, to, dx);
  else if (metric == 1) chessboard(ways, columns, count, width, stack, set.distances, from, to, dx);
  else taxicab(ways, width, stack, set.distances, from, to, dx);
}

/**
 * The distances of columns [from, to) of rows [first, end) of the image, from the sets at `outside` and, where the sign is
 * wanted, `inside`, which is 0 elsewhere. `top` is the first row of the band.
 */
// @ts-ignore: decorator
@inline
function distanceRows<T>(
  outside: usize, inside: usize, ways: usize, stack: usize, width: u32, top: i32, first: i32, end: i32, from: i32,
  to: i32, dx: f64, dy: f64, metric: i32, root: bool, cap: f64, scale: f64, into: usize, rowBytes: usize, step: usize,
): void {
  const squared = metric == 0;
  for (let y = top; y < end; y++) {
    for (let address = outside; address != 0; address = address == outside ? inside : 0) {
      const set = changetype<MemberSet>(address);
      const isSparse = metric != 2 && set.count < width >> 2;
      rowWays(set, isSparse, ways, width, y, top, dy, squared);
      if (y >= first) measureRow(set, isSparse, metric, ways, width, stack, from, to, dx);
    }
    if (y < first) continue;
    const within = inside == 0 ? 0 : changetype<MemberSet>(inside).distances;
    finish<T>(changetype<MemberSet>(outside).distances, within, into, step, <u32>(to - from), root, cap, scale);
    into += rowBytes;
  }
}

export function distanceRows8(
  outside: usize, inside: usize, ways: usize, stack: usize, width: u32, top: i32, first: i32, end: i32, from: i32,
  to: i32, dx: f64, dy: f64, metric: i32, root: bool, cap: f64, scale: f64, into: usize, rowBytes: usize, step: usize,
): void {
  distanceRows<u8>(
    outside, inside, ways, stack, width, top, first, end, from, to, dx, dy, metric, root, cap, scale, into, rowBytes, step,
  );
}

export function distanceRows16(
  outside: usize, inside: usize, ways: usize, stack: usize, width: u32, top: i32, first: i32, end: i32, from: i32,
  to: i32, dx: f64, dy: f64, metric: i32, root: bool, cap: f64, scale: f64, into: usize, rowBytes: usize, step: usize,
): void {
  distanceRows<u16>(
    outside, inside, ways, stack, width, top, first, end, from, to, dx, dy, metric, root, cap, scale, into, rowBytes, step,
  );
}

export function distanceRows32(
  outside: usize, inside: usize, ways: usize, stack: usize, width: u32, top: i32, first: i32, end: i32, from: i32,
  to: i32, dx: f64, dy: f64, metric: i32, root: bool, cap: f64, scale: f64, into: usize, rowBytes: usize, step: usize,
): void {
  distanceRows<f32>(
    outside, inside, ways, stack, width, top, first, end, from, to, dx, dy, metric, root, cap, scale, into, rowBytes, step,
  );
}

export function distanceRowsLabels(
  outside: usize, inside: usize, ways: usize, stack: usize, width: u32, top: i32, first: i32, end: i32, from: i32,
  to: i32, dx: f64, dy: f64, metric: i32, root: bool, cap: f64, scale: f64, into: usize, rowBytes: usize, step: usize,
): void {
  distanceRows<u32>(
    outside, inside, ways, stack, width, top, first, end, from, to, dx, dy, metric, root, cap, scale, into, rowBytes, step,
  );
}
