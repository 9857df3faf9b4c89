// Sums and means of windows that are cut at the image, each from four values of the image's summed-area table. Corners of
// neighbouring windows in one cell make a run: a word with its row and corner, one with its first and last column.
//
// Windows are described by eight int32: address of the radii of the tile's rect, row-major uint16, or 0; the radius where
// that is 0; the rect's x, y and width; the image's width and height; one of padding.

const CORNER_BITS: u32 = 5;
/** No further run. */
const NONE: u32 = 0xffffffff;
/** Sums below it stay below 2^53 when half a count is added. */
const WHOLE_PRODUCTS: f64 = 4503599627370496;

/**
 * Appends the runs of one corner in the columns [from, to) of a row to `runs`, and the cells in which they lie to `next`;
 * returns how many runs there are then. Along its first row and column the table is 0: what lies there is in no run.
 */
export function findRuns(
  windows: usize, corner: u32, y: i32, from: i32, to: i32, cellSide: i32, runs: usize, next: usize, count: u32,
): u32 {
  const radii = load<u32>(windows);
  const fixed = load<i32>(windows, 4);
  const width = load<i32>(windows, 20);
  const height = load<i32>(windows, 24);
  const across = (width + cellSide - 1) / cellSide;
  const down = (height + cellSide - 1) / cellSide;
  const radiusAt = <usize>radii + (<usize>(y * load<i32>(windows, 16)) << 1);
  // A corner is at base + r, or where it is an upper or left one at base - r.
  const flipX: i32 = corner & 1 ? 0 : -1;
  const flipY: i32 = corner & 2 ? 0 : -1;
  const baseX = load<i32>(windows, 8) + (corner & 1 ? 1 : 0);
  const baseY = load<i32>(windows, 12) + y + (corner & 2 ? 1 : 0);
  const place = (<u32>y << CORNER_BITS) | corner;
  let cell = -1;
  let start = from;
  // What the run's cell holds; nothing where there is none.
  let minX = 1;
  let maxX = 0;
  let minY = 1;
  let maxY = 0;
  const ramp = i32x4(0, 1, 2, 3);
  let x = from;
  while (x < to) {
    if (x + 4 <= to) {
      const r = radii ? i32x4.extend_low_i16x8_u(v128.load64_zero(radiusAt + (<usize>x << 1))) : i32x4.splat(fixed);
      const cx = i32x4.min_s(i32x4.splat(width), i32x4.add(i32x4.add(ramp, i32x4.splat(baseX + x)), signed(r, flipX)));
      const cy = i32x4.min_s(i32x4.splat(height), i32x4.add(i32x4.splat(baseY), signed(r, flipY)));
      if (cell >= 0) {
        const outX = v128.or(i32x4.lt_s(cx, i32x4.splat(minX)), i32x4.gt_s(cx, i32x4.splat(maxX)));
        const outY = v128.or(i32x4.lt_s(cy, i32x4.splat(minY)), i32x4.gt_s(cy, i32x4.splat(maxY)));
        if (!v128.any_true(v128.or(outX, outY))) {
          x += 4;
          continue;
        }
      } else {
        const zero = v128.or(i32x4.lt_s(cx, i32x4.splat(1)), i32x4.lt_s(cy, i32x4.splat(1)));
        if (i32x4.all_true(zero)) {
          x += 4;
          continue;
        }
      }
    }
    // One of the next four begins something else.
    const stop = min(to, x + 4);
    for (; x < stop; x++) {
      const r = radii ? <i32>load<u16>(radiusAt + (<usize>x << 1)) : fixed;
      const cx = min(width, baseX + x + ((r ^ flipX) - flipX));
      const cy = min(height, baseY + ((r ^ flipY) - flipY));
      if (cell >= 0 && cx >= minX && cx <= maxX && cy >= minY && cy <= maxY) continue;
      let own = -1;
      if (cx > 0 && cy > 0) {
        const column = min(across - 1, cx / cellSide);
        const row = min(down - 1, cy / cellSide);
        own = row * across + column;
        minX = max(1, column * cellSide);
        maxX = column == across - 1 ? width : (column + 1) * cellSide - 1;
        minY = max(1, row * cellSide);
        maxY = row == down - 1 ? height : (row + 1) * cellSide - 1;
      } else if (cell < 0) continue;
      if (cell >= 0) count = append(runs, next, count, cell, place, start, x);
      cell = own;
      start = x;
    }
  }
  return cell >= 0 ? append(runs, next, count, cell, place, start, to) : count;
}

/** Radii, or where `flip` is -1 the negative ones. */
// @ts-ignore: decorator
@inline
function signed(radii: v128, flip: i32): v128 {
  const all = i32x4.splat(flip);
  return i32x4.sub(v128.xor(radii, all), all);
}

// @ts-ignore: decorator
@inline
function append(runs: usize, next: usize, count: u32, cell: i32, place: u32, from: i32, to: i32): u32 {
  const run = runs + (<usize>count << 3);
  store<u32>(run, place);
  store<u32>(run, (<u32>from << 16) | <u32>(to - 1), 4);
  store<u32>(next + (<usize>count << 2), <u32>cell);
  return count + 1;
}

/** Adds the corners of a list of runs, which all lie in the cell at (cellX, cellY) with the table `values`, to `sums`. */
export function addRuns(
  windows: usize, head: u32, runs: usize, next: usize, values: usize, cellX: i32, cellY: i32, cellWidth: i32, lanes: u32,
  sums: usize,
): void {
  const radii = load<u32>(windows);
  const fixed = load<i32>(windows, 4);
  const left = load<i32>(windows, 8);
  const top = load<i32>(windows, 12);
  const rectWidth = load<i32>(windows, 16);
  const width = load<i32>(windows, 20);
  const height = load<i32>(windows, 24);
  const pixel = <usize>lanes << 3;
  const stride = <usize>(cellWidth + 1) * pixel;
  for (let run = head; run != NONE; run = load<u32>(next + (<usize>run << 2))) {
    const place = load<u32>(runs + (<usize>run << 3));
    const span = load<u32>(runs + (<usize>run << 3), 4);
    const y = <i32>(place >> CORNER_BITS);
    const right: i32 = <i32>(place & 1);
    const low: i32 = <i32>((place >> 1) & 1);
    const flipX = right - 1;
    const flipY = low - 1;
    const baseX = left + right - cellX;
    const baseY = top + y + low - cellY;
    const limitX = width - cellX;
    const limitY = height - cellY;
    const sign: f64 = right == low ? 1 : -1;
    const signs = f64x2.splat(sign);
    const end = <i32>(span & 0xffff) + 1;
    const first = y * rectWidth;
    let x = <i32>(span >> 16);
    let to = sums + <usize>(first + x) * pixel;
    let radiusAt = <usize>radii + (<usize>(first + x) << 1);
    for (; x < end; x++, to += pixel, radiusAt += 2) {
      const r = radii ? <i32>load<u16>(radiusAt) : fixed;
      const cx = min(limitX, baseX + x + ((r ^ flipX) - flipX));
      const cy = min(limitY, baseY + ((r ^ flipY) - flipY));
      const at = values + <usize>cy * stride + <usize>cx * pixel;
      if (lanes == 3) {
        v128.store(to, f64x2.add(v128.load(to), f64x2.mul(signs, v128.load(at))));
        store<f64>(to, load<f64>(to, 16) + sign * load<f64>(at, 16), 16);
      } else {
        for (let lane: usize = 0; lane < pixel; lane += 8) {
          store<f64>(to + lane, load<f64>(to + lane) + sign * load<f64>(at + lane));
        }
      }
    }
  }
}

/**
 * Means of a row of windows, rounded half up: their sums over the pixels inside the image where they are `cut`, over all
 * of them otherwise. `beyond`, 0 for none, holds the lanes that each pixel beyond the image counts.
 */
// @ts-ignore: decorator
@inline
function meansRow<T>(windows: usize, sums: usize, y: i32, lanes: u32, cut: bool, beyond: usize, into: usize): void {
  const radii = load<u32>(windows);
  const fixed = load<i32>(windows, 4);
  const left = load<i32>(windows, 8);
  const top = load<i32>(windows, 12) + y;
  const rectWidth = load<i32>(windows, 16);
  const width = load<i32>(windows, 20);
  const height = load<i32>(windows, 24);
  const radiusAt = <usize>radii + (<usize>(y * rectWidth) << 1);
  let at = sums;
  let x = 0;
  if (beyond == 0 && cut && (lanes == 3 || lanes == 1)) {
    for (; x + 2 <= rectWidth; x += 2) {
      const r0 = radii ? <i32>load<u16>(radiusAt + (<usize>x << 1)) : fixed;
      const r1 = radii ? <i32>load<u16>(radiusAt + (<usize>x << 1), 2) : fixed;
      const across0 = min(width, left + x + r0 + 1) - max(0, left + x - r0);
      const across1 = min(width, left + x + r1 + 2) - max(0, left + x + 1 - r1);
      const down0 = min(height, top + r0 + 1) - max(0, top - r0);
      const down1 = min(height, top + r1 + 1) - max(0, top - r1);
      const counts = f64x2.mul(
        f64x2.convert_low_i32x4_s(i32x4(across0, across1, 0, 0)),
        f64x2.convert_low_i32x4_s(i32x4(down0, down1, 0, 0)),
      );
      if (lanes == 1) {
        const whole = v128.load(at);
        if (v128.any_true(f64x2.ge(whole, f64x2.splat(WHOLE_PRODUCTS)))) break;
        const means = meansOfTwo(whole, counts, f64x2.div(f64x2.splat(1), counts));
        store<T>(into, <T>i32x4.extract_lane(means, 0));
        store<T>(into, <T>i32x4.extract_lane(means, 1), sizeof<T>());
        at += 16;
        into += 2 * sizeof<T>();
        continue;
      }
      const first = v128.load(at);
      const middle = v128.load(at, 16);
      const last = v128.load(at, 32);
      const largest = f64x2.pmax(first, f64x2.pmax(middle, last));
      if (v128.any_true(f64x2.ge(largest, f64x2.splat(WHOLE_PRODUCTS)))) break;
      const shares = f64x2.div(f64x2.splat(1), counts);
      const a = meansOfTwo(first, i64x2.shuffle(counts, counts, 0, 0), i64x2.shuffle(shares, shares, 0, 0));
      const b = meansOfTwo(middle, counts, shares);
      const c = meansOfTwo(last, i64x2.shuffle(counts, counts, 1, 1), i64x2.shuffle(shares, shares, 1, 1));
      const four = i32x4.shuffle(a, b, 0, 1, 4, 5);
      const six = i16x8.narrow_i32x4_u(four, c);
      if (sizeof<T>() == 1) {
        const bytes = i8x16.narrow_i16x8_u(six, six);
        v128.store32_lane(into, bytes, 0);
        v128.store16_lane(into, bytes, 2, 4);
      } else {
        v128.store64_lane(into, six, 0);
        v128.store32_lane(into, six, 2, 8);
      }
      at += 48;
      into += 6 * sizeof<T>();
    }
  }
  for (; x < rectWidth; x++) {
    const r = radii ? <i32>load<u16>(radiusAt + (<usize>x << 1)) : fixed;
    const across = min(width, left + x + r + 1) - max(0, left + x - r);
    const down = min(height, top + r + 1) - max(0, top - r);
    const inside = <f64>across * <f64>down;
    const side = <f64>(2 * r + 1);
    const count = cut ? inside : side * side;
    const outside = side * side - inside;
    const share = 1 / count;
    for (let lane: u32 = 0; lane < lanes; lane++, at += 8, into += sizeof<T>()) {
      let sum = load<f64>(at);
      if (beyond) sum += load<f64>(beyond + (<usize>lane << 3)) * outside;
      store<T>(into, <T>rounded(sum, count, share));
    }
  }
}

/** Two sums below {@link WHOLE_PRODUCTS} over their counts, rounded half up, as int32. */
// @ts-ignore: decorator
@inline
function meansOfTwo(sums: v128, counts: v128, shares: v128): v128 {
  const one = f64x2.splat(1);
  const near = f64x2.floor(f64x2.add(f64x2.mul(sums, shares), f64x2.splat(0.5)));
  const left = f64x2.sub(sums, f64x2.mul(near, counts));
  const twice = f64x2.add(left, left);
  const up = v128.and(one, f64x2.ge(twice, counts));
  const down = v128.and(one, f64x2.lt(twice, f64x2.neg(counts)));
  return i32x4.trunc_sat_f64x2_u_zero(f64x2.sub(f64x2.add(near, up), down));
}

/** A sum over a count, rounded half up; `share` is 1 / count. */
// @ts-ignore: decorator
@inline
function rounded(sum: f64, count: f64, share: f64): u32 {
  if (sum >= WHOLE_PRODUCTS) {
    const whole = <u64>sum;
    const divisor = <u64>count;
    const quotient = whole / divisor;
    const remainder = whole - quotient * divisor;
    return <u32>(quotient + <u64>(remainder >= divisor - remainder));
  }
  // At most one off, and products with the count are exact: what is left says which.
  const near = Math.floor(sum * share + 0.5);
  const twice = 2 * (sum - near * count);
  return <u32>(<i32>near + <i32>(twice >= count) - <i32>(twice < -count));
}

export function meansRow8(windows: usize, sums: usize, y: i32, lanes: u32, cut: bool, beyond: usize, into: usize): void {
  meansRow<u8>(windows, sums, y, lanes, cut, beyond, into);
}

export function meansRow16(windows: usize, sums: usize, y: i32, lanes: u32, cut: bool, beyond: usize, into: usize): void {
  meansRow<u16>(windows, sums, y, lanes, cut, beyond, into);
}
