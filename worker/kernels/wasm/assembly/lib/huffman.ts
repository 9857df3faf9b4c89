// Huffman codes of at most 320 symbols, made in `work`, which takes HUFFMAN_WORK_BYTES.

export const HUFFMAN_WORK_BYTES: usize = 2 * 4 * 320 + 4 * 64;

let order: usize = 0;
let keys: usize = 0;

/** Shell sort of `count` pairs of frequency and symbol, ascending. */
function sortByFrequency(count: u32): void {
  for (let gap: u32 = 109; gap > 0; gap = gap == 109 ? 41 : gap == 41 ? 19 : gap == 19 ? 5 : gap == 5 ? 1 : 0) {
    for (let i = gap; i < count; i++) {
      const item = load<u32>(order + 4 * i);
      let j = i;
      while (j >= gap && load<u32>(order + 4 * (j - gap)) > item) {
        store<u32>(order + 4 * j, load<u32>(order + 4 * (j - gap)));
        j -= gap;
      }
      store<u32>(order + 4 * j, item);
    }
  }
}

// @ts-ignore: decorator
@inline
function key(i: u32): u32 {
  return load<u32>(keys + 4 * i);
}

// @ts-ignore: decorator
@inline
function setKey(i: u32, value: u32): void {
  store<u32>(keys + 4 * i, value);
}

/** Depths of a Huffman tree's leaves in place of their ascending frequencies (Moffat and Katajainen 1995). */
function leafDepths(count: u32): void {
  if (count == 1) {
    setKey(0, 1);
    return;
  }
  setKey(0, key(0) + key(1));
  let root: u32 = 0;
  let leaf: u32 = 2;
  for (let next: u32 = 1; next < count - 1; next++) {
    let sum: u32;
    if (leaf >= count || key(root) < key(leaf)) {
      sum = key(root);
      setKey(root++, next);
    } else sum = key(leaf++);
    if (leaf >= count || (root < next && key(root) < key(leaf))) {
      sum += key(root);
      setKey(root++, next);
    } else sum += key(leaf++);
    setKey(next, sum);
  }
  setKey(count - 2, 0);
  for (let next: i32 = count - 3; next >= 0; next--) setKey(next, key(key(next)) + 1);
  let available: i32 = 1;
  let used: i32 = 0;
  let depth: u32 = 0;
  let inner: i32 = count - 2;
  let place: i32 = count - 1;
  while (available > 0) {
    while (inner >= 0 && key(inner) == depth) {
      used++;
      inner--;
    }
    while (available > used) {
      setKey(place--, depth);
      available--;
    }
    available = 2 * used;
    depth++;
    used = 0;
  }
}

/**
 * Canonical codes (RFC 1951, section 3.2.2) for uint32 `frequencies` below 2^23, of at most `limit` bits: `lengths`, a
 * byte each, 0 where a symbol does not occur, and `codes`, uint16 with their first bit lowest. There are always two at
 * least, so that the set is complete.
 */
export function huffman(frequencies: usize, symbols: u32, limit: u32, lengths: usize, codes: usize, work: usize): void {
  memory.fill(lengths, 0, symbols);
  order = work;
  keys = work + 4 * 320;
  let count: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const frequency = load<u32>(frequencies + 4 * symbol);
    if (frequency != 0) store<u32>(order + 4 * count++, (frequency << 9) | symbol);
  }
  if (count == 1) {
    const other: u32 = (load<u32>(order) & 511) == 0 ? 1 : 0;
    store<u32>(order + 4 * count++, (1 << 9) | other);
  }
  sortByFrequency(count);
  for (let i: u32 = 0; i < count; i++) setKey(i, load<u32>(order + 4 * i) >> 9);
  leafDepths(count);
  // Leaves that are too deep come up, and others go down until the code is complete.
  const ofLength = work + 2 * 4 * 320;
  memory.fill(ofLength, 0, 4 * 64);
  let total: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = ofLength + 4 * min(key(i), limit);
    store<u32>(at, load<u32>(at) + 1);
  }
  for (let length: u32 = 1; length <= limit; length++) total += load<u32>(ofLength + 4 * length) << (limit - length);
  while (total > <u32>1 << limit) {
    store<u32>(ofLength + 4 * limit, load<u32>(ofLength + 4 * limit) - 1);
    for (let length = limit - 1; length > 0; length--) {
      const at = ofLength + 4 * length;
      if (load<u32>(at) == 0) continue;
      store<u32>(at, load<u32>(at) - 1);
      store<u32>(at + 4, load<u32>(at + 4) + 2);
      break;
    }
    total--;
  }
  let length = limit;
  for (let i: u32 = 0; i < count; i++) {
    while (load<u32>(ofLength + 4 * length) == 0) length--;
    store<u32>(ofLength + 4 * length, load<u32>(ofLength + 4 * length) - 1);
    store<u8>(lengths + (load<u32>(order + 4 * i) & 511), <u8>length);
  }
  let code: u32 = 0;
  for (let bits: u32 = 1; bits <= limit; bits++) {
    for (let symbol: u32 = 0; symbol < symbols; symbol++) {
      if (load<u8>(lengths + symbol) != bits) continue;
      store<u16>(codes + 2 * symbol, <u16>reversed(code, bits));
      code++;
    }
    code <<= 1;
  }
}

function reversed(code: u32, bits: u32): u32 {
  let result: u32 = 0;
  for (let i: u32 = 0; i < bits; i++) {
    result = (result << 1) | (code & 1);
    code >>= 1;
  }
  return result;
}
