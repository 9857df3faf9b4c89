import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync, inflateSync } from 'node:zlib';
import { encodeDeflate } from '../../tiling/codecs/deflate.js';
import { REFERENCE_PIXELS } from '../../worker/kernels/reference/index.js';
import { WasmArena, wasmPixels } from '../../worker/kernels/wasm/index.js';
import { missingModules, pythonJson } from '../support/python.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { randomOf } from '../support/seeded-random.js';

const arena = new WasmArena();
const { deflateRuns } = wasmPixels(arena);
/** Bytes of a row where it says nothing else. */
const ROW = 300;
const PREDICTED = { level: 1, predictor: 2 } as const;
const SEGMENT = 128 << 10;

function inArena(bytes: Uint8Array): Uint8Array {
  arena.reset(bytes.length + 64);
  const copy = arena.allocSamples('uint8', bytes.length) as Uint8Array;
  copy.set(bytes);
  return copy;
}

function filled(length: number, byteAt: (index: number) => number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => byteAt(index));
}

/** Runs of one byte, of the given lengths, parted by other bytes. */
function runsOf(lengths: readonly number[], value: number): Uint8Array {
  return Uint8Array.from(lengths.flatMap((length) => [...Array<number>(length).fill(value), (value + 7) & 255]));
}

/** Frequencies of the Fibonacci sequence, which make the deepest Huffman tree there is. */
function fibonacci(): Uint8Array {
  const bytes: number[] = [];
  for (let [a, b, value] = [1, 1, 20]; a < 60_000; [a, b, value] = [b, a + b, value + 1]) {
    for (let i = 0; i < a; i++) bytes.push(value & 255);
  }
  // Spread, so that they are no runs.
  const random = randomOf(3);
  for (let i = bytes.length - 1; i > 0; i--) {
    const other = random(i + 1);
    [bytes[i], bytes[other]] = [bytes[other]!, bytes[i]!];
  }
  return Uint8Array.from(bytes);
}

/** Small numbers around 0 with runs of 0, as differences of a smooth picture are. */
function differences(length: number, spread: number, seed: number): Uint8Array {
  const random = randomOf(seed);
  let zeros = 0;
  return filled(length, () => {
    if (zeros > 0) return zeros-- & 0;
    if (random(20) === 0) zeros = random(90);
    return (random(spread) + random(spread) - spread) & 255;
  });
}

const random = randomOf(9);
const lengths = Array.from({ length: 330 }, (_, length) => length + 1);
const CASES: Readonly<Record<string, Uint8Array>> = {
  'one byte': Uint8Array.of(200),
  'every byte': filled(2 ** 14, (index) => (index * 83) & 255),
  'one value': filled(3 * SEGMENT + 5, () => 0),
  'runs of zeros, of every length': runsOf([...lengths, 515, 516, 517, 518, 519, 5000], 0),
  'runs of another byte': runsOf([...lengths, 515, 516, 517, 518, 519, 5000], 250),
  noise: filled(SEGMENT + 77, () => random(256)),
  'the deepest tree': fibonacci(),
  ...Object.fromEntries(
    [3, 4, 5, 15, 17, 60].map((spread) => [`differences of ${spread}`, differences(2 * SEGMENT + 13, spread, spread)]),
  ),
  ...Object.fromEntries(
    [2, 15, 16, 17, 63, 64, 65, 127, 128, 129].map((length) => [`${length} bytes`, differences(length, 6, length)]),
  ),
  'a segment': differences(SEGMENT, 4, 1),
  'a segment and a byte': differences(SEGMENT + 1, 4, 2),
};

test('what is deflated by run lengths inflates to what it was, and takes little more than by zlib', () => {
  for (const [name, bytes] of Object.entries(CASES)) {
    const encoded = deflateRuns(inArena(bytes), ROW);
    assert.deepEqual(new Uint8Array(inflateSync(encoded)), bytes, name);
    const reference = REFERENCE_PIXELS.deflateRuns(bytes, ROW);
    assert.deepEqual(new Uint8Array(inflateSync(reference)), bytes, name);
    assert.ok(encoded.length <= 1.06 * reference.length + 512, `${name}: ${encoded.length} and ${reference.length}`);
  }
});

test('rows that repeat the one above take a fraction, at any distance that deflate has', () => {
  for (const rowBytes of [1, 2, 3, 4, 5, 6, 24, 25, 47, 1536, 4097, 8192, 24_577, 32_767, 32_768, 32_769, 70_000]) {
    const row = differences(rowBytes, 40, rowBytes);
    const bytes = filled(3 * SEGMENT + 9, (index) => row[index % rowBytes]!);
    // Something of each row is its own.
    for (let at = 0; at < bytes.length; at += 1000) bytes[at] = at & 255;
    const encoded = deflateRuns(inArena(bytes), rowBytes);
    assert.deepEqual(new Uint8Array(inflateSync(encoded)), bytes, `${rowBytes}`);
    const reached = rowBytes >= 2 && rowBytes <= 32_768;
    const byRuns = deflateRuns(inArena(bytes), 1).length;
    assert.ok(
      !reached || encoded.length < byRuns / (rowBytes < 9000 ? 4 : 1.2),
      `${rowBytes}: ${encoded.length}, ${byRuns}`,
    );
  }
});

test('samples that repeat as strings are deflated by zlib, others by run lengths; both are the same every time', () => {
  const words = Array.from({ length: 40 }, (_, word) => [...differences(30, 60, word)]);
  const text = Uint8Array.from(Array.from({ length: 3000 }, () => words[random(words.length)]!).flat());
  const strings = deflateSync(text, { level: 1, memLevel: 9 });
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(
      new Uint8Array(encodeDeflate(inArena(text), PREDICTED, deflateRuns, ROW)),
      new Uint8Array(strings),
    );
    for (const bytes of [CASES['differences of 4']!, CASES['129 bytes']!]) {
      const expected = Uint8Array.from(deflateRuns(inArena(bytes), ROW));
      assert.deepEqual(new Uint8Array(encodeDeflate(inArena(bytes), PREDICTED, deflateRuns, ROW)), expected);
    }
  }
});

const DECODE = `
import json, sys, zlib, pathlib, imagecodecs
def same(path):
    encoded, plain = path.read_bytes(), path.with_suffix('.raw').read_bytes()
    return [zlib.decompress(encoded) == plain, imagecodecs.deflate_decode(encoded, out=len(plain)) == plain,
            imagecodecs.zlibng_decode(encoded, out=len(plain)) == plain]
print(json.dumps([same(path) for path in sorted(pathlib.Path(sys.argv[1]).glob('*.zz'))]))
`;

test('zlib, libdeflate and zlib-ng read every stream', { skip: missingModules('imagecodecs') }, () => {
  const folder = join(scratchFolder(), 'streams');
  mkdirSync(folder);
  for (const [index, bytes] of Object.values(CASES).entries()) {
    writeFileSync(join(folder, `${index}.raw`), bytes);
    writeFileSync(join(folder, `${index}.zz`), deflateRuns(inArena(bytes), ROW));
  }
  assert.deepEqual(
    pythonJson(DECODE, folder),
    Object.values(CASES).map(() => [true, true, true]),
  );
});
