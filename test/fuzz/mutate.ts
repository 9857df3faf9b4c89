/** A whole number from 0 to below its argument. */
export type Random = (below: number) => number;

/** Mulberry32: a small seeded generator. */
export function seeded(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Longer inputs are cut: a parser's structures lie in less. */
const MAX_BYTES = 1 << 17;
const NUMBERS = [0, 1, 2, 7, 8, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

type Change = (bytes: Buffer, random: Random, others: readonly Uint8Array[], words: readonly Uint8Array[]) => Buffer;

/** A place in the bytes; structures lie at the start and at the end, so more of them do. */
function place(bytes: Buffer, random: Random): number {
  const near = Math.min(bytes.length, 256);
  switch (random(4)) {
    case 0:
      return random(near);
    case 1:
      return bytes.length - 1 - random(near);
    default:
      return random(bytes.length);
  }
}

function spliced(bytes: Buffer, at: number, removed: number, put: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + removed)]);
}

const CHANGES: readonly Change[] = [
  (bytes, random) => {
    bytes[place(bytes, random)]! ^= 1 << random(8);
    return bytes;
  },
  (bytes, random) => {
    bytes[place(bytes, random)] = random(256);
    return bytes;
  },
  (bytes, random) => {
    const size = [1, 2, 4, 8][random(4)]!;
    const number = Buffer.alloc(8);
    number.writeDoubleLE(0);
    const value = NUMBERS[random(NUMBERS.length)]!;
    if (random(2) === 0) number.writeUInt32LE(value);
    else number.writeUInt32BE(value, Math.max(0, size - 4));
    number.copy(bytes, place(bytes, random), 0, size);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, place(bytes, random)),
  (bytes, random) => spliced(bytes, place(bytes, random), 1 + random(8), new Uint8Array()),
  (bytes, random) =>
    spliced(
      bytes,
      place(bytes, random),
      0,
      Uint8Array.from({ length: 1 + random(8) }, () => random(256)),
    ),
  (bytes, random) => {
    const from = place(bytes, random);
    const part = Uint8Array.from(bytes.subarray(from, from + 1 + random(64)));
    return spliced(bytes, place(bytes, random), random(2) * part.length, part);
  },
  (bytes, random, others) => {
    const other = others[random(others.length)]!;
    const from = random(other.length);
    return spliced(bytes, place(bytes, random), random(64), other.subarray(from, from + 1 + random(256)));
  },
  (bytes, random, _, words) => {
    if (words.length === 0) return bytes;
    const word = words[random(words.length)]!;
    return spliced(bytes, place(bytes, random), random(2) * word.length, word);
  },
];

/** A changed copy of one of the inputs. */
export function mutated(corpus: readonly Uint8Array[], words: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Buffer = Buffer.from(corpus[random(corpus.length)]!);
  for (let left = 1 + random(4); left > 0; left--) {
    if (bytes.length === 0) bytes = Buffer.of(random(256));
    bytes = Buffer.from(CHANGES[random(CHANGES.length)]!(bytes, random, corpus, words));
  }
  return bytes.subarray(0, MAX_BYTES);
}
