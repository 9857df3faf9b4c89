// The sample of a rank under a small footprint, found bit by bit from the highest on, a vector of samples at a time: a bit
// is set where so many samples are at least as large as what is known with it that the sought one must be among them.

/** Two vectors at a time: what a member's place costs is shared. */
const STEP: usize = 32;

// @ts-ignore: decorator
@inline
function splat<T>(value: u32): v128 {
  return sizeof<T>() == 1 ? i8x16.splat(<i8>value) : i16x8.splat(<i16>value);
}

/** All bits set where a ≥ b. */
// @ts-ignore: decorator
@inline
function atLeast<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 1 ? i8x16.ge_u(a, b) : i16x8.ge_u(a, b);
}

/** One more where the mask is set. */
// @ts-ignore: decorator
@inline
function counted<T>(counts: v128, mask: v128): v128 {
  return sizeof<T>() == 1 ? i8x16.sub(counts, mask) : i16x8.sub(counts, mask);
}

// @ts-ignore: decorator
@inline
function rankRow<T>(source: usize, offsets: usize, members: u32, into: usize, bytes: usize, rank: u32): void {
  const last = offsets + <usize>members * 4;
  const wanted = splat<T>(members - rank);
  const end = into + bytes;
  for (; into < end; source += STEP, into += STEP) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    for (let bit: u32 = sizeof<T>() == 1 ? 128 : 32768; bit > 0; bit >>= 1) {
      const added = splat<T>(bit);
      const triedA = v128.or(a, added);
      const triedB = v128.or(b, added);
      let countA = i32x4.splat(0);
      let countB = i32x4.splat(0);
      for (let offset = offsets; offset < last; offset += 4) {
        const at = source + load<u32>(offset);
        countA = counted<T>(countA, atLeast<T>(v128.load(at), triedA));
        countB = counted<T>(countB, atLeast<T>(v128.load(at, 16), triedB));
      }
      a = v128.bitselect(triedA, a, atLeast<T>(countA, wanted));
      b = v128.bitselect(triedB, b, atLeast<T>(countB, wanted));
    }
    v128.store(into, a);
    v128.store(into, b, 16);
  }
}

/**
 * The samples at sorted position `rank` of the `members` ones at `offsets` (uint32 each, in bytes) from each sample on,
 * whole groups of 32 bytes of them; what is read goes as far beyond. No more than 255 members.
 */
export function rankRow8(source: usize, offsets: usize, members: u32, into: usize, bytes: usize, rank: u32): void {
  rankRow<u8>(source, offsets, members, into, bytes, rank);
}

export function rankRow16(source: usize, offsets: usize, members: u32, into: usize, bytes: usize, rank: u32): void {
  rankRow<u16>(source, offsets, members, into, bytes, rank);
}
