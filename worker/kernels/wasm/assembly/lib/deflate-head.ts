// The head of a block of deflate with dynamic Huffman codes (RFC 1951, section 3.2.7).
import { putBits } from './bits';
import { HUFFMAN_WORK_BYTES, huffman } from './huffman';

const CODE_LENGTHS: u32 = 19;
/** What putHead takes: items, their frequencies, lengths and codes, and what huffman takes. */
export const HEAD_WORK_BYTES: usize = 1024 + 256 + HUFFMAN_WORK_BYTES;

/** In which order the code lengths' own code lengths come (RFC 1951, section 3.2.7), five bits each. */
function codeOrder(index: u32): u32 {
  // 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, then 12, 3, 13, 2, 14, 1, 15
  if (index < 12) return <u32>(0x22caa324e804a30 >> <u64>(5 * index)) & 31;
  return <u32>(0x3c2e1346c >> <u64>(5 * (index - 12))) & 31;
}

function putItem(items: usize, count: u32, frequencies: usize, symbol: u32, extra: u32): u32 {
  store<u8>(items + 2 * count, <u8>symbol);
  store<u8>(items + 2 * count + 1, <u8>extra);
  const at = frequencies + 4 * symbol;
  store<u32>(at, load<u32>(at) + 1);
  return count + 1;
}

/**
 * Writes the head of a block whose literals and lengths have codes of these 286 `lengths`, and whose only distances are
 * those of symbols 0 and `far`, 1 to 29, with a code of one bit each: of two, since some readers take a lone code for a
 * damaged one. The bytes behind the last length that is not 0, 32 of them, are written over.
 */
export function putHead(final: bool, lengths: usize, far: u32, work: usize): void {
  let literals: u32 = 286;
  while (literals > 257 && load<u8>(lengths + literals - 1) == 0) literals--;
  const distances = far + 1;
  memory.fill(lengths + literals, 0, distances);
  store<u8>(lengths + literals, 1);
  store<u8>(lengths + literals + far, 1);
  const all = literals + distances;
  // Symbols with their extra bits, as pairs of bytes.
  const items = work;
  const frequencies = work + 1024;
  memory.fill(frequencies, 0, 4 * CODE_LENGTHS);
  let count: u32 = 0;
  let i: u32 = 0;
  while (i < all) {
    const length = load<u8>(lengths + i);
    let run: u32 = 1;
    while (i + run < all && load<u8>(lengths + i + run) == length) run++;
    i += run;
    if (length != 0) {
      count = putItem(items, count, frequencies, length, 0);
      run--;
      while (run >= 3) {
        const part = min<u32>(run, 6);
        count = putItem(items, count, frequencies, 16, part - 3);
        run -= part;
      }
    } else {
      while (run >= 11) {
        const part = min<u32>(run, 138);
        count = putItem(items, count, frequencies, 18, part - 11);
        run -= part;
      }
      if (run >= 3) {
        count = putItem(items, count, frequencies, 17, run - 3);
        run = 0;
      }
    }
    for (; run > 0; run--) count = putItem(items, count, frequencies, length, 0);
  }
  const codeLengths = frequencies + 4 * 20;
  const codes = codeLengths + 20;
  huffman(frequencies, CODE_LENGTHS, 7, codeLengths, codes, work + 1024 + 256);
  let sent = CODE_LENGTHS;
  while (sent > 4 && load<u8>(codeLengths + codeOrder(sent - 1)) == 0) sent--;
  putBits((final ? 1 : 0) | (2 << 1), 3);
  putBits((literals - 257) | ((distances - 1) << 5) | ((sent - 4) << 10), 14);
  for (let index: u32 = 0; index < sent; index++) putBits(load<u8>(codeLengths + codeOrder(index)), 3);
  for (let index: u32 = 0; index < count; index++) {
    const symbol: u32 = load<u8>(items + 2 * index);
    putBits(load<u16>(codes + 2 * symbol), load<u8>(codeLengths + symbol));
    if (symbol >= 16) putBits(load<u8>(items + 2 * index + 1), symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
  }
}
