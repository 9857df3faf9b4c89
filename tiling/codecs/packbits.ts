/**
 * Decodes PackBits (TIFF 6.0 section 9): a count byte n, then n + 1 bytes as they are, or one byte 1 − n times where n is
 * negative; −128 is nothing. Stops where `output` is full, as rows of some writers go on behind it.
 * @returns the bytes written
 */
export function decodePackBits(input: Uint8Array, output: Uint8Array): number {
  let at = 0;
  let written = 0;
  while (at < input.length && written < output.length) {
    const count = (input[at++]! << 24) >> 24;
    if (count >= 0) {
      const end = Math.min(at + count + 1, input.length, at + output.length - written);
      output.set(input.subarray(at, end), written);
      written += end - at;
      at += count + 1;
    } else if (count > -128) {
      if (at === input.length) break;
      const end = Math.min(written + 1 - count, output.length);
      output.fill(input[at++]!, written, end);
      written = end;
    }
  }
  return written;
}
