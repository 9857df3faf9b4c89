// Sums along rows of which two neighbours at a time lie side by side as 16-bit halves of one lane.

/** into[i] is row[i] and row[i + step] as 16-bit halves; whole groups of 16 lanes are written. */
export function pairUp(row: usize, into: usize, count: u32, step: u32): void {
  const end = into + <usize>count * 4;
  while (into < end) {
    const first = v128.load(row);
    const second = v128.load(row + step);
    const a = i16x8.extend_low_i8x16_u(first);
    const b = i16x8.extend_low_i8x16_u(second);
    const c = i16x8.extend_high_i8x16_u(first);
    const d = i16x8.extend_high_i8x16_u(second);
    v128.store(into, i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(into, i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    v128.store(into, i16x8.shuffle(c, d, 0, 8, 1, 9, 2, 10, 3, 11), 32);
    v128.store(into, i16x8.shuffle(c, d, 4, 12, 5, 13, 6, 14, 7, 15), 48);
    row += 16;
    into += 64;
  }
}

/** Sums of two rows without their last `bits` bits, half up, as the halves of one lane. */
// @ts-ignore: decorator
@inline
function joined(upper: v128, lower: v128, bits: i32): v128 {
  const half = i32x4.splat(1 << (bits - 1));
  const low = i32x4.shr_u(i32x4.add(upper, half), bits);
  return v128.or(low, i32x4.shl(i32x4.shr_u(i32x4.add(lower, half), bits), 16));
}

/** Sums along two rows that lie in `scratch` as pairs, the second `toLower` bytes behind the first. */
// @ts-ignore: decorator
@inline
export function sumPairs(
  scratch: usize,
  toLower: usize,
  into: usize,
  count: u32,
  step: u32,
  pairs: usize,
  radius: u32,
  bits: i32,
): void {
  const stride = <usize>step * 8;
  const last = pairs + <usize>radius * 4;
  const end = into + <usize>count * 4;
  while (into < end) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    let e = i32x4.splat(0);
    let f = i32x4.splat(0);
    let g = i32x4.splat(0);
    let h = i32x4.splat(0);
    let at = scratch;
    for (let pair = pairs; pair <= last; pair += 4) {
      const weight = v128.load32_splat(pair);
      a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v128.load(at)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v128.load(at, 16)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v128.load(at, 32)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v128.load(at, 48)));
      const other = at + toLower;
      e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v128.load(other)));
      f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v128.load(other, 16)));
      g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v128.load(other, 32)));
      h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v128.load(other, 48)));
      at += stride;
    }
    v128.store(into, joined(a, e, bits));
    v128.store(into, joined(b, f, bits), 16);
    v128.store(into, joined(c, g, bits), 32);
    v128.store(into, joined(d, h, bits), 48);
    scratch += 64;
    into += 64;
  }
}

/**
 * As {@link sumPairs} for samples of one channel: pairs two apart share three of four vectors, so that those with even
 * and those with odd numbers are summed one after another.
 */
// @ts-ignore: decorator
@inline
export function sumSingles(
  scratch: usize, toLower: usize, into: usize, count: u32, pairs: usize, radius: u32, bits: i32,
): void {
  const end = into + <usize>count * 4;
  while (into < end) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    for (let parity: usize = 0; parity < 2; parity++) {
      let at = scratch + parity * 8;
      let pair = pairs + parity * 4;
      let v0 = v128.load(at);
      let v1 = v128.load(at, 16);
      let v2 = v128.load(at, 32);
      let left = <i32>((radius + 2 - <u32>parity) >> 1);
      for (; left >= 4; left -= 4) {
        let weight = v128.load32_splat(pair);
        const v3 = v128.load(at, 48);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v0));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v1));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v2));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v3));
        weight = v128.load32_splat(pair, 8);
        v0 = v128.load(at, 64);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v1));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v2));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v3));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v0));
        weight = v128.load32_splat(pair, 16);
        v1 = v128.load(at, 80);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v2));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v3));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v0));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v1));
        weight = v128.load32_splat(pair, 24);
        v2 = v128.load(at, 96);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v3));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v0));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v1));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v2));
        at += 64;
        pair += 32;
      }
      for (; left > 0; left--) {
        const weight = v128.load32_splat(pair);
        const v3 = v128.load(at, 48);
        a = i32x4.add(a, i32x4.dot_i16x8_s(weight, v0));
        b = i32x4.add(b, i32x4.dot_i16x8_s(weight, v1));
        c = i32x4.add(c, i32x4.dot_i16x8_s(weight, v2));
        d = i32x4.add(d, i32x4.dot_i16x8_s(weight, v3));
        v0 = v1;
        v1 = v2;
        v2 = v3;
        at += 16;
        pair += 8;
      }
    }
    let e = i32x4.splat(0);
    let f = i32x4.splat(0);
    let g = i32x4.splat(0);
    let h = i32x4.splat(0);
    for (let parity: usize = 0; parity < 2; parity++) {
      let at = scratch + toLower + parity * 8;
      let pair = pairs + parity * 4;
      let v0 = v128.load(at);
      let v1 = v128.load(at, 16);
      let v2 = v128.load(at, 32);
      let left = <i32>((radius + 2 - <u32>parity) >> 1);
      for (; left >= 4; left -= 4) {
        let weight = v128.load32_splat(pair);
        const v3 = v128.load(at, 48);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v0));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v1));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v2));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v3));
        weight = v128.load32_splat(pair, 8);
        v0 = v128.load(at, 64);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v1));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v2));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v3));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v0));
        weight = v128.load32_splat(pair, 16);
        v1 = v128.load(at, 80);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v2));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v3));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v0));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v1));
        weight = v128.load32_splat(pair, 24);
        v2 = v128.load(at, 96);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v3));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v0));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v1));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v2));
        at += 64;
        pair += 32;
      }
      for (; left > 0; left--) {
        const weight = v128.load32_splat(pair);
        const v3 = v128.load(at, 48);
        e = i32x4.add(e, i32x4.dot_i16x8_s(weight, v0));
        f = i32x4.add(f, i32x4.dot_i16x8_s(weight, v1));
        g = i32x4.add(g, i32x4.dot_i16x8_s(weight, v2));
        h = i32x4.add(h, i32x4.dot_i16x8_s(weight, v3));
        v0 = v1;
        v1 = v2;
        v2 = v3;
        at += 16;
        pair += 8;
      }
    }
    v128.store(into, joined(a, e, bits));
    v128.store(into, joined(b, f, bits), 16);
    v128.store(into, joined(c, g, bits), 32);
    v128.store(into, joined(d, h, bits), 48);
    scratch += 64;
    into += 64;
  }
}
