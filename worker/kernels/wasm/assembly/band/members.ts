// Where the members of columns lie in a band of full rows: the first and the last one for what bands tell each other, the
// next one at or below each pixel for distances.
import { isMember } from '../lib/nodata';
import { BEYOND, NO_ROW } from '../lib/member-rows';

// @ts-ignore: decorator
@inline
function anyMember<T>(
  source: usize, step: usize, width: u32, white: bool, entry: usize, valid: usize, plain: bool,
): bool {
  let x: u32 = 0;
  if (sizeof<T>() == 1 && plain && step == 1) {
    const none = i8x16.splat(0);
    for (; x + 16 <= width; x += 16) {
      const sixteen = v128.load(source + x);
      if (white ? v128.any_true(sixteen) : v128.any_true(i8x16.eq(sixteen, none))) return true;
    }
  }
  for (; x < width; x++) if (isMember<T>(load<T>(source + <usize>x * step), white, entry, valid, x)) return true;
  return false;
}

/** All ones where a pixel of 16 is no member, of plain bytes one behind the other. */
// @ts-ignore: decorator
@inline
function outsiders(source: usize, white: bool): v128 {
  return v128.xor(i8x16.eq(v128.load(source), i8x16.splat(0)), i8x16.splat(white ? 0 : -1));
}

/**
 * Of each column the first and the last row of a band that has a member, in rows of the image, of which `top` is the band's
 * first: int32, `NO_ROW` where none has. `rows` takes two uint16 a column.
 */
// @ts-ignore: decorator
@inline
function memberRows<T>(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, rows: usize, top: i32, into: usize, intoLast: usize,
): void {
  const first = rows;
  const last = rows + (<usize>width << 1);
  memory.fill(rows, 0xff, <usize>width << 2);
  for (let y: u32 = 0; y < height; y++, source += rowBytes, valid += validBytes) {
    let x: u32 = 0;
    if (sizeof<T>() == 1 && plain && step == 1) {
      const row = i16x8.splat(<i16>y);
      for (; x + 16 <= width; x += 16) {
        const out = outsiders(source + x, white);
        if (i8x16.all_true(out)) continue;
        memberEight(first + (<usize>x << 1), last + (<usize>x << 1), row, i16x8.extend_low_i8x16_s(out));
        memberEight(first + (<usize>x << 1) + 16, last + (<usize>x << 1) + 16, row, i16x8.extend_high_i8x16_s(out));
      }
    }
    for (; x < width; x++) {
      if (!isMember<T>(load<T>(source + <usize>x * step), white, entry, valid, x)) continue;
      const at = <usize>x << 1;
      if (load<u16>(first + at) == BEYOND) store<u16>(first + at, <u16>y);
      store<u16>(last + at, <u16>y);
    }
  }
  for (let x: u32 = 0; x < width; x++) {
    const at = <usize>x << 1;
    const none = load<u16>(first + at) == BEYOND;
    store<i32>(into + (at << 1), none ? NO_ROW : top + <i32>load<u16>(first + at));
    store<i32>(intoLast + (at << 1), none ? NO_ROW : top + <i32>load<u16>(last + at));
  }
}

// @ts-ignore: decorator
@inline
function memberEight(first: usize, last: usize, row: v128, out: v128): void {
  const before = v128.load(first);
  v128.store(first, v128.bitselect(before, i16x8.min_u(before, row), out));
  v128.store(last, v128.bitselect(v128.load(last), row, out));
}

/**
 * For each row of a band the address, in `lines`, of the row of the band of the nearest member at or below each of its
 * pixels, as uint16; `next` has room for one more row than the band. A row without a member shares that of the next one.
 * `plain` says that every sample counts.
 */
// @ts-ignore: decorator
@inline
function nextRows<T>(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, next: usize, lines: usize,
): void {
  let after = next + (<usize>(width * height) << 1);
  memory.fill(after, 0xff, <usize>width << 1);
  source += rowBytes * height;
  valid += validBytes * height;
  for (let y = height; y-- > 0; ) {
    source -= rowBytes;
    valid -= validBytes;
    if (anyMember<T>(source, step, width, white, entry, valid, plain)) {
      const line = next + (<usize>(width * y) << 1);
      nextRow<T>(source, step, width, <u16>y, white, entry, valid, plain, after, line);
      after = line;
    }
    store<usize>(lines + (<usize>y << 2), after);
  }
}

// @ts-ignore: decorator
@inline
function nextRow<T>(
  source: usize, step: usize, width: u32, row: u16, white: bool, entry: usize, valid: usize, plain: bool, after: usize, next: usize,
): void {
  let x: u32 = 0;
  if (sizeof<T>() == 1 && plain && step == 1) {
    const rows = i16x8.splat(row);
    for (; x + 16 <= width; x += 16) {
      const out = outsiders(source + x, white);
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

export function memberRows8(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, rows: usize, top: i32, into: usize, intoLast: usize,
): void {
  memberRows<u8>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, rows, top, into, intoLast,
  );
}

export function memberRows16(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, rows: usize, top: i32, into: usize, intoLast: usize,
): void {
  memberRows<u16>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, rows, top, into, intoLast,
  );
}

export function memberRows32(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, rows: usize, top: i32, into: usize, intoLast: usize,
): void {
  memberRows<f32>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, rows, top, into, intoLast,
  );
}

export function memberRowsLabels(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, rows: usize, top: i32, into: usize, intoLast: usize,
): void {
  memberRows<u32>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, rows, top, into, intoLast,
  );
}

export function nextRows8(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, next: usize, lines: usize,
): void {
  nextRows<u8>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, next, lines,
  );
}

export function nextRows16(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, next: usize, lines: usize,
): void {
  nextRows<u16>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, next, lines,
  );
}

export function nextRows32(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, next: usize, lines: usize,
): void {
  nextRows<f32>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, next, lines,
  );
}

export function nextRowsLabels(
  source: usize, rowBytes: usize, step: usize, width: u32, height: u32, white: bool, entry: usize, valid: usize,
  validBytes: usize, plain: bool, next: usize, lines: usize,
): void {
  nextRows<u32>(
    source, rowBytes, step, width, height, white, entry, valid, validBytes, plain, next, lines,
  );
}
