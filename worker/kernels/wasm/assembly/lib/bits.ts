// A stream of bits, the first in the lowest place of its byte (RFC 1951, section 3.1.1).

let pending: u64 = 0;
let pendingBits: u32 = 0;
let at: usize = 0;

/** A new stream without bits. */
export function beginBits(): void {
  pending = 0;
  pendingBits = 0;
}

/** What comes next goes to this address; bits that do not fill a byte yet come first. */
export function putBitsAt(address: usize): void {
  at = address;
}

/** Behind the last whole byte; up to 8 bytes from there on are written over. */
export function bitsEnd(): usize {
  return at;
}

/** At most 56 bits. */
export function putBits(bits: u64, count: u32): void {
  pending |= bits << pendingBits;
  pendingBits += count;
  store<u64>(at, pending);
  at += pendingBits >> 3;
  pending >>= pendingBits & ~7;
  pendingBits &= 7;
}

/** Zeros up to the next whole byte. */
export function fillByte(): void {
  if (pendingBits > 0) putBits(0, 8 - pendingBits);
}

/** For each uint16 from `from` to `end` the bits that `table` has for it: 56 of them, their count above. */
export function putTokens(from: usize, end: usize, table: usize): void {
  let bits = pending;
  let used = pendingBits;
  let to = at;
  for (; from < end; from += 2) {
    const entry = load<u64>(table + 8 * <usize>load<u16>(from));
    bits |= (entry & 0x00ffffffffffffff) << used;
    used += <u32>(entry >> 56);
    store<u64>(to, bits);
    to += used >> 3;
    bits >>= used & ~7;
    used &= 7;
  }
  pending = bits;
  pendingBits = used;
  at = to;
}
