// The scale space in 16 bits: rows and planes of packed values, of bytes 128 times as large. Means of two (`avgr`) round half
// up; of the two passes of each step the second takes the complements of its values, of which the same means are rounded
// down, so that brightness stays. Rows are read and written in whole vectors: they have room for that.
import { FIVE_SIXTEENTHS, HALF, HALF_TWICE, QUARTER, QUARTER_TWICE, THREE_EIGHTHS } from '../../gaussian/scale-space-int16/spread-share';

/** into[i] = 128 times the byte. */
export function widenRow(source: usize, into: usize, count: u32): void {
  const end = into + <usize>count * 2;
  while (into < end) {
    v128.store(into, i16x8.shl(i16x8.extend_low_i8x16_u(v128.load64_zero(source)), 7));
    source += 8;
    into += 16;
  }
}

/** The least of all samples of uint16 rows, and the largest in the upper half. */
export function rangeOf(source: usize, stride: usize, count: u32, rows: u32): u32 {
  let low = i16x8.splat(-1);
  let high = i16x8.splat(0);
  let least: u32 = 65535;
  let most: u32 = 0;
  for (let row: u32 = 0; row < rows; row++) {
    const end = source + <usize>count * 2;
    const whole = source + <usize>(count & ~7) * 2;
    let at = source;
    for (; at < whole; at += 16) {
      const eight = v128.load(at);
      low = i16x8.min_u(low, eight);
      high = i16x8.max_u(high, eight);
    }
    for (; at < end; at += 2) {
      least = min(least, <u32>load<u16>(at));
      most = max(most, <u32>load<u16>(at));
    }
    source += stride;
  }
  low = i16x8.min_u(low, i16x8.shuffle(low, low, 4, 5, 6, 7, 0, 1, 2, 3));
  low = i16x8.min_u(low, i16x8.shuffle(low, low, 2, 3, 0, 1, 2, 3, 0, 1));
  low = i16x8.min_u(low, i16x8.shuffle(low, low, 1, 0, 1, 0, 1, 0, 1, 0));
  high = i16x8.max_u(high, i16x8.shuffle(high, high, 4, 5, 6, 7, 0, 1, 2, 3));
  high = i16x8.max_u(high, i16x8.shuffle(high, high, 2, 3, 0, 1, 2, 3, 0, 1));
  high = i16x8.max_u(high, i16x8.shuffle(high, high, 1, 0, 1, 0, 1, 0, 1, 0));
  least = min(least, <u32>i16x8.extract_lane_u(low, 0));
  most = max(most, <u32>i16x8.extract_lane_u(high, 0));
  return least | (most << 16);
}

/** into[i] = 2^bits times what the uint16 sample lies above `base`. */
export function liftRow(source: usize, into: usize, count: u32, base: i32, bits: i32): void {
  const end = into + <usize>count * 2;
  const bases = i16x8.splat(<i16>base);
  while (into < end) {
    v128.store(into, i16x8.shl(i16x8.sub(v128.load(source), bases), bits));
    source += 16;
    into += 16;
  }
}

/** b, of which a share is replaced by the mean of a and c. */
// @ts-ignore: decorator
@inline
function spread(a: v128, b: v128, c: v128, share: i32): v128 {
  const half = i16x8.avgr_u(i16x8.avgr_u(a, c), b);
  if (share == HALF) return half;
  const quarter = i16x8.avgr_u(half, b);
  if (share == QUARTER) return quarter;
  const threeEighths = i16x8.avgr_u(half, quarter);
  return share == THREE_EIGHTHS ? threeEighths : i16x8.avgr_u(quarter, threeEighths);
}

/** The complement of a spread, at four vectors: with fewer a loop spends most of its time on itself. */
// @ts-ignore: decorator
@inline
function spreadFour(a: usize, b: usize, c: usize, into: usize, ones: v128, share: i32): void {
  v128.store(into, v128.xor(spread(v128.load(a), v128.load(b), v128.load(c), share), ones));
  v128.store(into, v128.xor(spread(v128.load(a, 16), v128.load(b, 16), v128.load(c, 16), share), ones), 16);
  v128.store(into, v128.xor(spread(v128.load(a, 32), v128.load(b, 32), v128.load(c, 32), share), ones), 32);
  v128.store(into, v128.xor(spread(v128.load(a, 48), v128.load(b, 48), v128.load(c, 48), share), ones), 48);
}

// @ts-ignore: decorator
@inline
function spreadBoth(a: usize, b: usize, c: usize, line: usize, into: usize, count: u32, reach: usize, share: i32): void {
  const bytes = <usize>count * 2;
  const ones = i16x8.splat(-1);
  for (let at: usize = 0; at < bytes + 2 * reach; at += 64) spreadFour(a + at, b + at, c + at, line + at, ones, share);
  for (let at: usize = 0; at < bytes; at += 64) {
    const from = line + at;
    spreadFour(from, from + reach, from + 2 * reach, into + at, ones, share);
  }
}

// @ts-ignore: decorator
@inline
function binomial(a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  const outer = i16x8.avgr_u(c, i16x8.avgr_u(c, i16x8.avgr_u(a, e)));
  return i16x8.avgr_u(i16x8.avgr_u(b, d), outer);
}

/** The mean of five by (1 4 6 4 1)/16, or of that and c, and then of (1 2 1)/4: (1 12 38 12 1)/64. */
// @ts-ignore: decorator
@inline
function spreadOverFive(a: usize, b: usize, c: usize, d: usize, e: usize, into: usize, ones: v128, share: i32): void {
  const middle = v128.load(c);
  const next = i16x8.avgr_u(v128.load(b), v128.load(d));
  const outer = i16x8.avgr_u(middle, i16x8.avgr_u(middle, i16x8.avgr_u(v128.load(a), v128.load(e))));
  let mean = i16x8.avgr_u(next, outer);
  if (share == QUARTER_TWICE) mean = i16x8.avgr_u(i16x8.avgr_u(next, middle), i16x8.avgr_u(middle, mean));
  v128.store(into, v128.xor(mean, ones));
}

/** As `spreadBoth` for shares that are moved twice over. */
// @ts-ignore: decorator
@inline
function spreadTwice(a: usize, b: usize, c: usize, d: usize, e: usize, line: usize, into: usize, count: u32, step: usize, share: i32): void {
  const bytes = <usize>count * 2;
  const ones = i16x8.splat(-1);
  for (let at: usize = 0; at < bytes + 4 * step; at += 32) {
    spreadOverFive(a + at, b + at, c + at, d + at, e + at, line + at, ones, share);
    spreadOverFive(a + at + 16, b + at + 16, c + at + 16, d + at + 16, e + at + 16, line + at + 16, ones, share);
  }
  for (let at: usize = 0; at < bytes; at += 32) {
    const from = line + at;
    const beside = from + 16;
    spreadOverFive(from, from + step, from + 2 * step, from + 3 * step, from + 4 * step, into + at, ones, share);
    spreadOverFive(beside, beside + step, beside + 2 * step, beside + 3 * step, beside + 4 * step, into + at + 16, ones, share);
  }
}

/**
 * Rows spread over neighbours at one distance, across rows and then along them: each sample keeps what `share` leaves
 * of itself. Rows lie in rings, `from` and `into` the first ones; that of `from` is the topmost of the first
 * result's rows and begins with the leftmost neighbour of its first sample, neighbours lying `reach` bytes apart. `line` takes one of them.
 */
export function spreadRows(
  ring: usize, ringRows: u32, ringStride: usize, from: u32, results: usize, resultRows: u32, resultStride: usize, into: u32,
  line: usize, count: u32, reach: usize, distance: u32, share: i32, rows: u32,
): void {
  for (let row: u32 = 0; row < rows; row++) {
    const a = ring + <usize>((from + row) % ringRows) * ringStride;
    const b = ring + <usize>((from + row + distance) % ringRows) * ringStride;
    const c = ring + <usize>((from + row + 2 * distance) % ringRows) * ringStride;
    const to = results + <usize>((into + row) % resultRows) * resultStride;
    if (share >= HALF_TWICE) {
      const d = ring + <usize>((from + row + 3 * distance) % ringRows) * ringStride;
      const e = ring + <usize>((from + row + 4 * distance) % ringRows) * ringStride;
      if (share == HALF_TWICE) spreadTwice(a, b, c, d, e, line, to, count, reach, HALF_TWICE);
      else spreadTwice(a, b, c, d, e, line, to, count, reach, QUARTER_TWICE);
    } else if (share == HALF) spreadBoth(a, b, c, line, to, count, reach, HALF);
    else if (share == QUARTER) spreadBoth(a, b, c, line, to, count, reach, QUARTER);
    else if (share == THREE_EIGHTHS) spreadBoth(a, b, c, line, to, count, reach, THREE_EIGHTHS);
    else spreadBoth(a, b, c, line, to, count, reach, FIVE_SIXTEENTHS);
  }
}

/** The complement of the (1 4 6 4 1)/16 mean across five rows. */
export function foldWide(a: usize, b: usize, c: usize, d: usize, e: usize, into: usize, count: u32): void {
  const bytes = <usize>count * 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const mean = binomial(v128.load(a + at), v128.load(b + at), v128.load(c + at), v128.load(d + at), v128.load(e + at));
    v128.store(into + at, v128.not(mean));
  }
}

/** The (1 4 6 4 1)/16 mean of every second pixel along a row of complements; `source` is two pixels before the first. */
export function halveWide(source: usize, into: usize, count: u32, channels: u32): void {
  const pixel = <usize>channels << 1;
  const end = into + <usize>count * pixel;
  while (into < end) {
    const mean = binomial(
      v128.load64_zero(source),
      v128.load64_zero(source + pixel),
      v128.load64_zero(source + 2 * pixel),
      v128.load64_zero(source + 3 * pixel),
      v128.load64_zero(source + 4 * pixel),
    );
    v128.store64_lane(into, v128.not(mean), 0);
    source += 2 * pixel;
    into += pixel;
  }
}

/** As {@link halveWide} from sums of 16 times bytes, as `foldUint8` of the scale space in float32 makes them. */
export function halveSums(source: usize, into: usize, count: u32, channels: u32): void {
  const pixel = <usize>channels << 1;
  const end = into + <usize>count * pixel;
  while (into < end) {
    const b = v128.load64_zero(source + pixel);
    const c = v128.load64_zero(source + 2 * pixel);
    const d = v128.load64_zero(source + 3 * pixel);
    const outer = i16x8.add(v128.load64_zero(source), v128.load64_zero(source + 4 * pixel));
    const inner = i16x8.shl(i16x8.add(i16x8.add(b, d), c), 2);
    const sum = i16x8.add(i16x8.add(outer, inner), i16x8.shl(c, 1));
    v128.store64_lane(into, i16x8.shr_u(i16x8.add(sum, i16x8.splat(1)), 1), 0);
    source += 2 * pixel;
    into += pixel;
  }
}

/**
 * A grid of twice the density by (1 4 6 4 1)/8: between two points their mean, on a point (1 6 1)/8. `source` is the
 * coarse row of the first fine one, a pixel before the first; fine rows begin on a point and have 2 * `count` pixels,
 * `odd` says that the first lies between two coarse ones. `line` takes a coarse row.
 */
export function doublePlane(
  source: usize, sourceStride: usize, line: usize, into: usize, intoStride: usize,
  count: u32, height: u32, odd: u32, channels: u32,
): void {
  const pixel = <usize>channels << 1;
  const bytes = <usize>(count + 2) * pixel;
  for (let row: u32 = odd; row < height + odd; row++) {
    const centre = source + <usize>(row >> 1) * sourceStride;
    const below = centre + sourceStride;
    if (row & 1) {
      for (let at: usize = 0; at < bytes; at += 16) {
        v128.store(line + at, v128.not(i16x8.avgr_u(v128.load(centre + at), v128.load(below + at))));
      }
    } else {
      const above = centre - sourceStride;
      for (let at: usize = 0; at < bytes; at += 16) {
        const c = v128.load(centre + at);
        const upper = i16x8.avgr_u(v128.load(above + at), c);
        const lower = i16x8.avgr_u(c, v128.load(below + at));
        v128.store(line + at, v128.not(i16x8.avgr_u(c, i16x8.avgr_u(upper, lower))));
      }
    }
    let from = line + pixel;
    let to = into;
    let c = v128.load64_zero(from);
    let left = i16x8.avgr_u(v128.load64_zero(line), c);
    const end = into + 2 * <usize>count * pixel;
    while (to < end) {
      from += pixel;
      const next = v128.load64_zero(from);
      const right = i16x8.avgr_u(c, next);
      v128.store64_lane(to, v128.not(i16x8.avgr_u(c, i16x8.avgr_u(left, right))), 0);
      v128.store64_lane(to + pixel, v128.not(right), 0);
      left = right;
      c = next;
      to += 2 * pixel;
    }
    into += intoStride;
  }
}
