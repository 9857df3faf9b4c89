import { joined, said, textOf, type Words } from '../../tiling/words.js';

/** What a cut text ends in, at most. */
const ENDING_BYTES = 40;

/**
 * A text that takes at most `maxBytes` in a gRPC header, where every byte outside printable ASCII takes three. What is
 * cut off is said in its place.
 */
export function cutText(text: string, maxBytes: number): string {
  if (text.length <= maxBytes / 9) return text;
  let bytes = 0;
  let kept = 0;
  for (const character of text) {
    bytes += headerBytes(character);
    if (bytes > maxBytes) return `${text.slice(0, kept)}… (${text.length - kept} more characters)`;
    if (bytes <= maxBytes - ENDING_BYTES) kept += character.length;
  }
  return text;
}

/** As many of `parts` as fit, joined by semicolons, and how many more there are, `unnamed` beside those in `parts`. */
export function cutList(parts: readonly Words[], maxBytes: number, unnamed = 0): Words {
  let text: Words = '';
  for (const [index, part] of parts.entries()) {
    const next: Words = index === 0 ? cutWords(part, maxBytes - ENDING_BYTES) : joined([text, part], '; ');
    const read = textOf(next);
    const room = index === parts.length - 1 && unnamed === 0 ? maxBytes : maxBytes - ENDING_BYTES;
    if (read.length > room || headerLength(read) > room)
      return said`${text}; and ${parts.length - index + unnamed} more`;
    text = next;
  }
  return unnamed === 0 ? text : said`${text}; and ${unnamed} more`;
}

function cutWords(words: Words, maxBytes: number): Words {
  const text = textOf(words);
  const cut = cutText(text, maxBytes);
  return cut === text ? words : cut;
}

function headerLength(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += headerBytes(character);
  return bytes;
}

/** Bytes of one character, percent-encoded where it must be. */
function headerBytes(character: string): number {
  const code = character.codePointAt(0)!;
  if (code >= 0x20 && code < 0x7f && code !== 0x25) return 1;
  return 3 * (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
}
