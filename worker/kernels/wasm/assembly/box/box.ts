// Box mean of uint8 and uint16 pixels over summed-area rows of wrapping uint32, four lanes a pixel for 2 to 4
// channels, one for 1 channel. The host calls row by row; `rows` is its table of addresses of SAT rows.
import { expand4, storeFour, storeOne, windowSum } from '../lib/lanes';
import { ENTRY_BYTES, fillTable, quotients, reciprocalOf } from '../lib/quotient';

export { fillTable };

/** SAT row k + 1 from SAT row k (`above`) and `width` pixels of image row k; lanes beyond `channels` hold junk. */
// @ts-ignore: decorator
@inline
function prefix4<T>(source: usize, above: usize, into: usize, width: u32, channels: u32): void {
  let sum = i32x4.splat(0);
  v128.store(into, sum);
  const step = channels * sizeof<T>();
  const end = into + <usize>width * 16;
  while (into < end) {
    sum = i32x4.add(sum, expand4<T>(source));
    v128.store(into, i32x4.add(sum, v128.load(above, 16)), 16);
    source += step;
    above += 16;
    into += 16;
  }
}

// @ts-ignore: decorator
@inline
function prefix1<T>(source: usize, above: usize, into: usize, width: u32): void {
  let sum: u32 = 0;
  store<u32>(into, 0);
  const end = into + <usize>width * 4;
  while (into < end) {
    sum += load<T>(source);
    store<u32>(into, sum + load<u32>(above, 4), 4);
    source += sizeof<T>();
    above += 4;
    into += 4;
  }
}

export function prefixRow8(source: usize, above: usize, into: usize, width: u32, channels: u32): void {
  if (channels == 1) prefix1<u8>(source, above, into, width);
  else if (channels == 3) prefix4<u8>(source, above, into, width, 3);
  else prefix4<u8>(source, above, into, width, channels);
}

export function prefixRow16(source: usize, above: usize, into: usize, width: u32, channels: u32): void {
  if (channels == 1) prefix1<u16>(source, above, into, width);
  else if (channels == 3) prefix4<u16>(source, above, into, width, 3);
  else prefix4<u16>(source, above, into, width, channels);
}

/** The mean of one pixel whose window is whole. */
// @ts-ignore: decorator
@inline
function wholeMean(rows: usize, x: u32, y: u32, radius: u32, table: usize): v128 {
  const sums = windowSum(
    load<u32>(rows + (y - radius) * 4),
    load<u32>(rows + (y + radius + 1) * 4),
    (x - radius) * 16,
    (x + radius + 1) * 16,
  );
  const entry = table + <usize>radius * ENTRY_BYTES;
  return quotients(sums, v128.load32_splat(entry), v128.load32_splat(entry, 4), v128.load32_splat(entry, 8));
}

/**
 * `width` pixels from column x of SAT row y on, every window whole. Four pixels of one radius share its
 * addresses and reciprocal, which a smooth map makes the common case.
 */
// @ts-ignore: decorator
@inline
function whole4<T>(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, table: usize, channels: u32,
): void {
  const endGroups = x + (width & ~3);
  const end = x + width;
  while (x < endGroups) {
    const radius: u32 = load<u16>(radii);
    if (load<u64>(radii) == <u64>radius * 0x0001000100010001) {
      const top: usize = load<u32>(rows + (y - radius) * 4);
      const bottom: usize = load<u32>(rows + (y + radius + 1) * 4);
      const topLeft = top + (x - radius) * 16;
      const topRight = top + (x + radius + 1) * 16;
      const bottomLeft = bottom + (x - radius) * 16;
      const bottomRight = bottom + (x + radius + 1) * 16;
      const entry = table + <usize>radius * ENTRY_BYTES;
      const reciprocal = v128.load32_splat(entry);
      const count = v128.load32_splat(entry, 4);
      const half = v128.load32_splat(entry, 8);
      const a = i32x4.sub(
        i32x4.sub(v128.load(bottomRight), v128.load(bottomLeft)), i32x4.sub(v128.load(topRight), v128.load(topLeft)));
      const b = i32x4.sub(
        i32x4.sub(v128.load(bottomRight, 16), v128.load(bottomLeft, 16)),
        i32x4.sub(v128.load(topRight, 16), v128.load(topLeft, 16)));
      const c = i32x4.sub(
        i32x4.sub(v128.load(bottomRight, 32), v128.load(bottomLeft, 32)),
        i32x4.sub(v128.load(topRight, 32), v128.load(topLeft, 32)));
      const d = i32x4.sub(
        i32x4.sub(v128.load(bottomRight, 48), v128.load(bottomLeft, 48)),
        i32x4.sub(v128.load(topRight, 48), v128.load(topLeft, 48)));
      storeFour<T>(
        into,
        quotients(a, reciprocal, count, half),
        quotients(b, reciprocal, count, half),
        quotients(c, reciprocal, count, half),
        quotients(d, reciprocal, count, half),
        channels,
      );
    } else {
      storeFour<T>(
        into,
        wholeMean(rows, x, y, radius, table),
        wholeMean(rows, x + 1, y, load<u16>(radii, 2), table),
        wholeMean(rows, x + 2, y, load<u16>(radii, 4), table),
        wholeMean(rows, x + 3, y, load<u16>(radii, 6), table),
        channels,
      );
    }
    x += 4;
    radii += 8;
    into += 4 * channels * sizeof<T>();
  }
  while (x < end) {
    storeOne<T>(into, wholeMean(rows, x, y, load<u16>(radii), table), channels);
    x += 1;
    radii += 2;
    into += channels * sizeof<T>();
  }
}

// @ts-ignore: decorator
@inline
function wholeSum1(rows: usize, x: u32, y: u32, radius: u32): u32 {
  const top: usize = load<u32>(rows + (y - radius) * 4);
  const bottom: usize = load<u32>(rows + (y + radius + 1) * 4);
  const left = (x - radius) * 4;
  const right = (x + radius + 1) * 4;
  return load<u32>(bottom + right) - load<u32>(bottom + left) - load<u32>(top + right) + load<u32>(top + left);
}

/** As {@link whole4} for one channel; four pixels of one radius are four neighbours in each SAT row. */
// @ts-ignore: decorator
@inline
function whole1<T>(rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, table: usize): void {
  const endGroups = x + (width & ~3);
  const end = x + width;
  while (x < endGroups) {
    const radius: u32 = load<u16>(radii);
    let lanes: v128;
    if (load<u64>(radii) == <u64>radius * 0x0001000100010001) {
      const sums = windowSum(
        load<u32>(rows + (y - radius) * 4),
        load<u32>(rows + (y + radius + 1) * 4),
        (x - radius) * 4,
        (x + radius + 1) * 4,
      );
      const entry = table + <usize>radius * ENTRY_BYTES;
      lanes = quotients(sums, v128.load32_splat(entry), v128.load32_splat(entry, 4), v128.load32_splat(entry, 8));
    } else {
      const second: u32 = load<u16>(radii, 2);
      const third: u32 = load<u16>(radii, 4);
      const fourth: u32 = load<u16>(radii, 6);
      let sums = i32x4.splat(wholeSum1(rows, x, y, radius));
      sums = i32x4.replace_lane(sums, 1, wholeSum1(rows, x + 1, y, second));
      sums = i32x4.replace_lane(sums, 2, wholeSum1(rows, x + 2, y, third));
      sums = i32x4.replace_lane(sums, 3, wholeSum1(rows, x + 3, y, fourth));
      const e0 = table + <usize>radius * ENTRY_BYTES;
      const e1 = table + <usize>second * ENTRY_BYTES;
      const e2 = table + <usize>third * ENTRY_BYTES;
      const e3 = table + <usize>fourth * ENTRY_BYTES;
      lanes = quotients(sums, gather(e0, e1, e2, e3, 0), gather(e0, e1, e2, e3, 4), gather(e0, e1, e2, e3, 8));
    }
    const words = i16x8.narrow_i32x4_u(lanes, lanes);
    if (sizeof<T>() == 1) v128.store32_lane(into, i8x16.narrow_i16x8_u(words, words), 0);
    else v128.store64_lane(into, words, 0);
    x += 4;
    radii += 8;
    into += 4 * sizeof<T>();
  }
  while (x < end) {
    const radius: u32 = load<u16>(radii);
    const entry = table + <usize>radius * ENTRY_BYTES;
    const lanes = quotients(
      i32x4.splat(wholeSum1(rows, x, y, radius)),
      v128.load32_splat(entry),
      v128.load32_splat(entry, 4),
      v128.load32_splat(entry, 8),
    );
    store<T>(into, <T>i32x4.extract_lane(lanes, 0));
    x += 1;
    radii += 2;
    into += sizeof<T>();
  }
}

// @ts-ignore: decorator
@inline
function gather(a: usize, b: usize, c: usize, d: usize, offset: usize): v128 {
  let lanes = v128.load32_zero(a + offset);
  lanes = v128.load32_lane(b + offset, lanes, 1);
  lanes = v128.load32_lane(c + offset, lanes, 2);
  return v128.load32_lane(d + offset, lanes, 3);
}

/** As {@link whole4} and {@link whole1} with windows cut to columns [0, limitX) and SAT rows [0, limitY]. */
// @ts-ignore: decorator
@inline
function cut<T>(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, channels: u32,
): void {
  const end = x + width;
  while (x < end) {
    const radius: u32 = load<u16>(radii);
    const x0 = x > radius ? x - radius : 0;
    const y0 = y > radius ? y - radius : 0;
    const x1 = min(x + radius + 1, limitX);
    const y1 = min(y + radius + 1, limitY);
    const count = (x1 - x0) * (y1 - y0);
    const top: usize = load<u32>(rows + y0 * 4);
    const bottom: usize = load<u32>(rows + y1 * 4);
    const sums = channels == 1
      ? i32x4.splat(
        load<u32>(bottom + x1 * 4) - load<u32>(bottom + x0 * 4) - load<u32>(top + x1 * 4) + load<u32>(top + x0 * 4))
      : windowSum(top, bottom, x0 * 16, x1 * 16);
    const lanes = quotients(
      sums, f32x4.splat(reciprocalOf(count)), i32x4.splat(count), i32x4.splat((count - 1) >> 1));
    if (channels == 1) store<T>(into, <T>i32x4.extract_lane(lanes, 0));
    else storeOne<T>(into, lanes, channels);
    x += 1;
    radii += 2;
    into += channels * sizeof<T>();
  }
}

export function wholeRow8(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, table: usize, channels: u32,
): void {
  if (channels == 1) whole1<u8>(rows, x, y, radii, into, width, table);
  else if (channels == 2) whole4<u8>(rows, x, y, radii, into, width, table, 2);
  else if (channels == 3) whole4<u8>(rows, x, y, radii, into, width, table, 3);
  else whole4<u8>(rows, x, y, radii, into, width, table, 4);
}

export function wholeRow16(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, table: usize, channels: u32,
): void {
  if (channels == 1) whole1<u16>(rows, x, y, radii, into, width, table);
  else if (channels == 2) whole4<u16>(rows, x, y, radii, into, width, table, 2);
  else if (channels == 3) whole4<u16>(rows, x, y, radii, into, width, table, 3);
  else whole4<u16>(rows, x, y, radii, into, width, table, 4);
}

export function cutRow8(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, channels: u32,
): void {
  cut<u8>(rows, x, y, radii, into, width, limitX, limitY, channels);
}

export function cutRow16(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, channels: u32,
): void {
  cut<u16>(rows, x, y, radii, into, width, limitX, limitY, channels);
}
