const CLEAR = 256;
const END = 257;
const FIRST_FREE = 258;
const TABLE = 4096;

/** Where the string of each code stands in the output; reused, as decoding never yields. */
const places = new Int32Array(TABLE + 1);
const lengths = new Int32Array(TABLE + 1);

/**
 * Decodes TIFF's LZW (TIFF 6.0 section 13: codes from the highest bit, 9 to 12 bits, widened one code early)
 * into `output` and returns the bytes written; stops where the output is full. Every string of the table is
 * also a piece of the output, the last string plus one byte, so that the table holds places, not bytes.
 * @returns the bytes written, or -1 where a code is invalid or the stream is of the old, lowest-bit-first kind
 */
export function decodeLzw(input: Uint8Array, output: Uint8Array): number {
  const inputEnd = input.length;
  const outputEnd = output.length;
  if (inputEnd >= 2 && input[0] === 0 && (input[1]! & 1) === 1) return -1;
  let at = 0;
  let bits = 0;
  let held = 0;
  let width = 9;
  let next = FIRST_FREE;
  let written = 0;
  let lastPlace = -1;
  let lastLength = 0;
  while (written < outputEnd) {
    while (held < width) {
      if (at === inputEnd) return written;
      bits = (bits << 8) | input[at++]!;
      held += 8;
    }
    held -= width;
    const code = (bits >>> held) & ((1 << width) - 1);
    if (code < CLEAR) {
      if (lastPlace >= 0 && next < TABLE) {
        places[next] = lastPlace;
        lengths[next++] = lastLength + 1;
      }
      lastPlace = written;
      lastLength = 1;
      output[written++] = code;
    } else if (code === CLEAR) {
      next = FIRST_FREE;
      width = 9;
      lastPlace = -1;
      continue;
    } else if (code === END) {
      return written;
    } else {
      if (lastPlace < 0) return -1;
      // The entry made now may be the one that is read: its last byte is the first one written here.
      if (next < TABLE) {
        places[next] = lastPlace;
        lengths[next++] = lastLength + 1;
      }
      if (code >= next) return -1;
      const from = places[code]!;
      const wanted = lengths[code]!;
      const length = Math.min(wanted, outputEnd - written);
      if (length > 32 && from + length <= written) output.copyWithin(written, from, from + length);
      else for (let i = 0; i < length; i++) output[written + i] = output[from + i]!;
      lastPlace = written;
      lastLength = wanted;
      written += length;
    }
    if (next >= (1 << width) - 1 && width < 12) width++;
  }
  return written;
}
