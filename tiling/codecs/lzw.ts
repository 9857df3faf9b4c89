const CLEAR = 256;
const END = 257;
const FIRST_FREE = 258;
const TABLE = 4096;
/** Strings longer than this are copied by the runtime: its call costs more than a few bytes. */
const LONG = 48;

/** Where the string of each code stands in the output; reused, as decoding never yields. */
const places = new Int32Array(TABLE + 1);
const lengths = new Int32Array(TABLE + 1);

/**
 * Decodes TIFF's LZW (TIFF 6.0 section 13: codes from the highest bit, 9 to 12 bits, widened one code early)
 * into `output` and returns the bytes written; stops where the output is full. Every string of the table is
 * also a piece of the output, the last string plus one byte, so that the table holds places, not bytes. Streams as
 * programs wrote them before TIFF 5.0, which libtiff still reads, have codes from the lowest bit and widen them one code
 * later.
 * @returns the bytes written, or -1 where a code is invalid
 */
export function decodeLzw(input: Uint8Array, output: Uint8Array): number {
  const inputEnd = input.length;
  const outputEnd = output.length;
  // All begin with a clear code: 256 in nine bits from the lowest is a zero byte and a one.
  const isOld = inputEnd >= 2 && input[0] === 0 && (input[1]! & 1) === 1;
  const late = isOld ? 1 : 0;
  let at = 0;
  let bits = 0;
  let held = 0;
  let width = 9;
  let mask = (1 << width) - 1;
  let next = FIRST_FREE;
  let written = 0;
  // Where the last string stands; -1 after a clear code, when there is none.
  let lastPlace = -1;
  let lastLength = 0;
  while (written < outputEnd) {
    if (isOld) {
      for (; held < width; held += 8) {
        if (at === inputEnd) return written;
        bits |= input[at++]! << held;
      }
    } else if (held < width) {
      if (at + 1 < inputEnd) {
        bits = (bits << 16) | (input[at]! << 8) | input[at + 1]!;
        at += 2;
        held += 16;
      } else {
        if (at === inputEnd) return written;
        bits = (bits << 8) | input[at++]!;
        held += 8;
        if (held < width) return written;
      }
    }
    held -= width;
    const code = (isOld ? bits : bits >>> held) & mask;
    if (isOld) bits >>>= width;
    if (code === CLEAR) {
      next = FIRST_FREE;
      width = 9;
      mask = (1 << width) - 1;
      lastPlace = -1;
      continue;
    }
    if (code === END) return written;
    if (lastPlace < 0) {
      if (code > END) return -1;
    } else if (next < TABLE) {
      // The entry made now may be the one that is read: its last byte is the first one written here.
      places[next] = lastPlace;
      lengths[next++] = lastLength + 1;
      if (next >= mask + late && width < 12) {
        width++;
        mask = (mask << 1) | 1;
      }
    }
    lastPlace = written;
    if (code < CLEAR) {
      lastLength = 1;
      output[written++] = code;
      continue;
    }
    if (code >= next) return -1;
    let from = places[code]!;
    lastLength = lengths[code]!;
    const end = Math.min(written + lastLength, outputEnd);
    if (lastLength > LONG && from + lastLength <= written) {
      output.copyWithin(written, from, from + end - written);
      written = end;
    } else {
      do output[written++] = output[from++]!;
      while (written < end);
    }
  }
  return written;
}
