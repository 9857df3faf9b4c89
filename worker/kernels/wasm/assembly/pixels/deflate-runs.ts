// Deflate (RFC 1951) for predicted samples, which are small differences and runs of them.
//
// Where zlib searches for strings, this looks at the byte before and at the row above alone, by vectors. Four neighbouring bytes of -4 to 3
// are one token, so are two of -16 to 15 and a whole run: tokens are counted and written by one look into a table each.
// Every segment of the input becomes a block with Huffman codes of its own.
import { beginBits, bitsEnd, fillByte, putBits, putBitsAt, putTokens } from '../lib/bits';
import { HEAD_WORK_BYTES, putHead } from '../lib/deflate-head';
import { huffman } from '../lib/huffman';

export { adler32 } from '../lib/adler32';

// Tokens: four small bytes; one to three small bytes, by a bit above their own; any byte; two bytes; a run by its length,
// of the byte before or of the row above.
const FEWER: u32 = 4096;
const SINGLE: u32 = FEWER + 1024;
const PAIR: u32 = SINGLE + 256;
const RUN: u32 = PAIR + 1024;
const ROW_RUN: u32 = RUN + 259;
const TOKENS: u32 = ROW_RUN + 259;

const LITERALS: u32 = 286;
const END_OF_BLOCK: u32 = 256;
/** So that the codes of four literals take at most 56 bits. */
const MAX_CODE_BITS: u32 = 14;
const LONGEST_RUN: u32 = 258;

// Scratch, in bytes from its address; TOKENS_AT holds up to two bytes for each byte of a segment.
const TABLE_AT: usize = 0;
const COUNTS_AT: usize = TABLE_AT + 8 * TOKENS;
const FREQUENCIES_AT: usize = COUNTS_AT + 4 * TOKENS;
const LENGTHS_AT: usize = FREQUENCIES_AT + 4 * 320;
const CODES_AT: usize = LENGTHS_AT + 320;
const WORK_AT: usize = CODES_AT + 2 * 320;
const TOKENS_AT: usize = WORK_AT + HEAD_WORK_BYTES;

let scratch: usize = 0;
let tokens: usize = 0;

// @ts-ignore: decorator
@inline
function emit(token: u32): void {
  store<u16>(tokens, <u16>token);
  tokens += 2;
}

/** Two bytes as one token where both are -16 to 15. */
// @ts-ignore: decorator
@inline
function emitPair(bytes: u32): void {
  const shifted = (((bytes & 0xff) + 16) & 0xff) | (((bytes & 0xff00) + 0x1000) & 0xff00);
  if ((shifted & 0xe0e0) == 0) emit(PAIR + ((shifted & 31) | ((shifted >> 3) & 0x3e0)));
  else {
    emit(SINGLE + (bytes & 0xff));
    emit(SINGLE + (bytes >> 8));
  }
}

/** `count` bytes as literals, 1 to 16; 16 bytes are read. */
// @ts-ignore: decorator
@inline
function emitLiterals(at: usize, count: u32): void {
  const bytes = v128.load(at);
  const shifted = i8x16.add(bytes, i8x16.splat(4));
  const large = v128.and(shifted, i8x16.splat(<i8>0xf8));
  // Three bits of each byte side by side: first two bytes, then four.
  const pairs = v128.and(v128.or(shifted, i16x8.shr_u(shifted, 5)), i16x8.splat(0x3f));
  const quads = v128.and(v128.or(pairs, i32x4.shr_u(pairs, 10)), i32x4.splat(0xfff));
  if (!v128.any_true(large)) {
    v128.store64_lane(tokens, i16x8.narrow_i32x4_u(quads, quads), 0);
    tokens += 2 * (count >> 2);
    const rest = count & 3;
    const above: u32 = 1 << (3 * rest);
    store<u16>(tokens, <u16>(rest == 0 ? load<u16>(tokens) : FEWER + (above | (load<u16>(tokens) & (above - 1)))));
    tokens += 2 * <u32>(rest != 0);
    return;
  }
  const small = i32x4.bitmask(i32x4.eq(large, i32x4.splat(0)));
  v128.store(scratch + WORK_AT, quads);
  for (let group: u32 = 0; group < count >> 2; group++) {
    const four = load<u32>(at + 4 * group);
    if ((small >> group) & 1) emit(load<u32>(scratch + WORK_AT + 4 * group));
    else {
      emitPair(four & 0xffff);
      emitPair(four >> 16);
    }
  }
  for (let index = count & ~3; index < count; index++) emit(SINGLE + load<u8>(at + index));
}

/** How many bytes from `at` equal those `distance` before. */
function runLength(at: usize, end: usize, distance: usize): u32 {
  const start = at;
  while (at + 16 <= end) {
    const equal = i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(at - distance)));
    if (equal != 0xffff) return <u32>(at - start) + ctz(~equal);
    at += 16;
  }
  while (at < end && load<u8>(at) == load<u8>(at - distance)) at++;
  return <u32>(at - start);
}

function emitRun(length: u32, tokens: u32): void {
  while (length > LONGEST_RUN) {
    // What is left must be a run of its own.
    const part = length - LONGEST_RUN < 3 ? LONGEST_RUN - 3 : LONGEST_RUN;
    emit(tokens + part);
    length -= part;
  }
  emit(tokens + length);
}

/** Which of 64 bytes equal those `distance` before. */
// @ts-ignore: decorator
@inline
function equals(at: usize, distance: usize): u64 {
  let equal: u64 = 0;
  for (let part: usize = 0; part < 64; part += 16) {
    const bytes = i8x16.eq(v128.load(at + part), v128.load(at + part - distance));
    equal |= <u64>i8x16.bitmask(bytes) << part;
  }
  return equal;
}

/** Which of 64 bytes are 0. */
// @ts-ignore: decorator
@inline
function zeros(at: usize): u64 {
  let zero: u64 = 0;
  for (let part: usize = 0; part < 64; part += 16) {
    zero |= <u64>i8x16.bitmask(i8x16.eq(v128.load(at + part), i8x16.splat(0))) << part;
  }
  return zero;
}

/** How many of 64 bytes from the one at `begin` on are marked, and more behind them. */
// @ts-ignore: decorator
@inline
function lengthFrom(begin: u32, marks: u64, at: usize, end: usize, distance: usize): u32 {
  const length = <u32>ctz(~(marks >> begin));
  return begin + length < 64 ? length : 64 - begin + runLength(at + 64, end, distance);
}

/** @param row the bytes of a row, where repeats of the one above are looked for as well; 0 where not */
function tokenise(start: usize, end: usize, first: usize, row: usize): void {
  let at = start;
  if (at == first) emit(SINGLE + load<u8>(at++));
  while (at + 64 <= end) {
    const equal = equals(at, 1);
    const two = equal & (equal >> 1);
    const four = two & (two >> 2);
    // A zero takes about a bit as a literal.
    const runs = four & ((four >> 4) | (~zeros(at) & (equal >> 4)));
    let above: u64 = 0;
    let starts = runs;
    if (row != 0 && at >= first + row) {
      above = equals(at, row);
      // The distance takes some ten bits.
      let long = above & (above >> 1);
      long &= long >> 2;
      long &= long >> 4;
      starts |= long & (long >> 8);
    }
    // The last bytes may belong to a run of the next ones.
    const begin: u32 = starts != 0 ? <u32>ctz(starts) : row != 0 ? 48 : 56;
    let literals = begin;
    for (let from = at; literals > 0; from += 16) {
      const count = min<u32>(literals, 16);
      emitLiterals(from, count);
      literals -= count;
    }
    if (starts == 0) {
      at += begin;
      continue;
    }
    const near = (runs >> begin) & 1 ? lengthFrom(begin, equal, at, end, 1) : 0;
    const far = (above >> begin) & 1 ? lengthFrom(begin, above, at, end, row) : 0;
    const isFar = far > near + 8 || near == 0;
    emitRun(isFar ? far : near, isFar ? ROW_RUN : RUN);
    at += begin + (isFar ? far : near);
  }
  while (at < end) {
    const length = at == first ? 0 : runLength(at, end, 1);
    if (length >= 4) {
      emitRun(length, RUN);
      at += length;
    } else emit(SINGLE + load<u8>(at++));
  }
}

function countTokens(from: usize, end: usize): void {
  const counts = scratch + COUNTS_AT;
  for (; from < end; from += 2) {
    const at = counts + 4 * <usize>load<u16>(from);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** The symbol of a run's length, its extra bits and their count (RFC 1951, section 3.2.5), packed into 16, 8 and 8 bits. */
function lengthSymbol(length: u32): u32 {
  if (length == LONGEST_RUN) return 285;
  const rest = length - 3;
  if (rest < 8) return 257 + rest;
  const extraBits = 29 - clz(rest);
  return (261 + 4 * extraBits + ((rest >> extraBits) & 3)) | ((rest & ((1 << extraBits) - 1)) << 16) | (extraBits << 24);
}

/** The symbol of a distance (RFC 1951, section 3.2.5), the count of its extra bits above. */
function distanceSymbol(distance: u32): u32 {
  const rest = distance - 1;
  if (rest < 4) return rest;
  const extraBits = 30 - clz(rest);
  return (2 + 2 * extraBits + ((rest >> extraBits) & 1)) | (extraBits << 8);
}

/** The value of a byte in a token of several: as it was before the shift. */
// @ts-ignore: decorator
@inline
function byteOf(token: u32, index: u32, bits: u32): u32 {
  return (((token >> (index * bits)) & ((1 << bits) - 1)) - (1 << (bits - 1))) & 0xff;
}

// @ts-ignore: decorator
@inline
function countSymbol(symbol: u32, count: u32): void {
  const at = scratch + FREQUENCIES_AT + 4 * symbol;
  store<u32>(at, load<u32>(at) + count);
}

/** How many bytes a token of small bytes has. */
// @ts-ignore: decorator
@inline
function smallBytes(token: u32): u32 {
  return token < FEWER ? 4 : (31 - clz(token - FEWER)) / 3;
}

function countSymbols(): void {
  memory.fill(scratch + FREQUENCIES_AT, 0, 4 * LITERALS);
  store<u32>(scratch + FREQUENCIES_AT + 4 * END_OF_BLOCK, 1);
  const counts = scratch + COUNTS_AT;
  for (let token: u32 = 0; token < SINGLE; token++) {
    const count = load<u32>(counts + 4 * token);
    if (count == 0) continue;
    const bytes = smallBytes(token);
    for (let index: u32 = 0; index < bytes; index++) countSymbol(byteOf(token, index, 3), count);
  }
  for (let token = SINGLE; token < PAIR; token++) countSymbol(token - SINGLE, load<u32>(counts + 4 * token));
  for (let length: u32 = 3; length <= LONGEST_RUN; length++) {
    const count = load<u32>(counts + 4 * (RUN + length)) + load<u32>(counts + 4 * (ROW_RUN + length));
    if (count != 0) countSymbol(lengthSymbol(length) & 0xffff, count);
  }
  for (let token = PAIR; token < RUN; token++) {
    const count = load<u32>(counts + 4 * token);
    if (count == 0) continue;
    countSymbol(byteOf(token - PAIR, 0, 5), count);
    countSymbol(byteOf(token - PAIR, 1, 5), count);
  }
}

// @ts-ignore: decorator
@inline
function literalBits(symbol: u32): u64 {
  return load<u16>(scratch + CODES_AT + 2 * symbol);
}

// @ts-ignore: decorator
@inline
function literalLength(symbol: u32): u32 {
  return load<u8>(scratch + LENGTHS_AT + symbol);
}

// @ts-ignore: decorator
@inline
function setEntry(token: u32, bits: u64, count: u32): void {
  store<u64>(scratch + TABLE_AT + 8 * token, bits | (<u64>count << 56));
}

/** Bits and their number of every token that occurs. */
function fillTable(row: u32): void {
  const counts = scratch + COUNTS_AT;
  for (let token: u32 = 0; token < SINGLE; token++) {
    if (load<u32>(counts + 4 * token) == 0) continue;
    const bytes = smallBytes(token);
    let bits: u64 = 0;
    let count: u32 = 0;
    for (let index: u32 = 0; index < bytes; index++) {
      const symbol = byteOf(token, index, 3);
      bits |= literalBits(symbol) << count;
      count += literalLength(symbol);
    }
    setEntry(token, bits, count);
  }
  for (let symbol: u32 = 0; symbol < 256; symbol++) setEntry(SINGLE + symbol, literalBits(symbol), literalLength(symbol));
  const far = row == 0 ? 0 : distanceSymbol(row);
  for (let length: u32 = 3; length <= LONGEST_RUN; length++) {
    const packed = lengthSymbol(length);
    const count = literalLength(packed & 0xffff) + (packed >> 24);
    const bits = literalBits(packed & 0xffff) | (<u64>((packed >> 16) & 0xff) << literalLength(packed & 0xffff));
    // Of the two distances' codes the nearer one's is 0.
    setEntry(RUN + length, bits, count + 1);
    const distance: u64 = 1 | (((<u64>row - 1) & ((1 << (far >> 8)) - 1)) << 1);
    setEntry(ROW_RUN + length, bits | (distance << count), count + 1 + (far >> 8));
  }
  for (let token = PAIR; token < RUN; token++) {
    if (load<u32>(counts + 4 * token) == 0) continue;
    const first = byteOf(token - PAIR, 0, 5);
    const second = byteOf(token - PAIR, 1, 5);
    const count = literalLength(first);
    setEntry(token, literalBits(first) | (literalBits(second) << count), count + literalLength(second));
  }
}

/** A new stream. `address` is that of scratch: 96 KiB, and two bytes for each byte of a segment. */
export function begin(address: usize): void {
  scratch = address;
  beginBits();
}

/**
 * Encodes bytes `start` to `end`, up to 2^22 of them, of a stream that begins at `first`, as one block, and returns how
 * many whole bytes it wrote at `into`: at most 2 for each, and 512; up to 15 bytes behind `end` are read. Bits that do
 * not fill a byte wait for the next call, the `final` one fills it up. `row` is 0, or how far away the row above is,
 * 2 to 32768 bytes.
 */
export function encodeSegment(first: usize, start: usize, end: usize, row: u32, into: usize, final: bool): u32 {
  memory.fill(scratch + COUNTS_AT, 0, 4 * TOKENS);
  tokens = scratch + TOKENS_AT;
  tokenise(start, end, first, row);
  countTokens(scratch + TOKENS_AT, tokens);
  countSymbols();
  const lengths = scratch + LENGTHS_AT;
  const work = scratch + WORK_AT;
  huffman(scratch + FREQUENCIES_AT, LITERALS, MAX_CODE_BITS, lengths, scratch + CODES_AT, work);
  fillTable(row);
  const endBits = literalBits(END_OF_BLOCK);
  const endLength = literalLength(END_OF_BLOCK);
  putBitsAt(into);
  putHead(final, lengths, row == 0 ? 1 : distanceSymbol(row) & 0xff, work);
  putTokens(scratch + TOKENS_AT, tokens, scratch + TABLE_AT);
  putBits(endBits, endLength);
  if (final) fillByte();
  return <u32>(bitsEnd() - into);
}
