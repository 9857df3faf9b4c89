import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import { gatherColours } from '../../tiling/palette/gather.js';
import { findPalette } from '../../tiling/palette/palette.js';
import { paletteOptionsSchema } from '../../tiling/palette/palette-options.js';

/** A small repeatable generator of integers below a limit. */
function integers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function randomFrame(next: (limit: number) => number, pixels: number, span: number): Uint8Array {
  return Uint8Array.from({ length: pixels * 4 }, (_, at) => (at % 4 === 3 ? [0, 7, 255][next(3)]! : next(span)));
}

test('counts are those of a plain map, without pixels of alpha 0', () => {
  const rgba = randomFrame(integers(1), 5000, 12);
  const counts = new ColourCounts();
  const opaque = counts.addRgba(rgba);
  const expected = new Map<number, number>();
  for (let at = 0; at < rgba.length; at += 4) {
    if (rgba[at + 3] === 0) continue;
    const colour = (rgba[at]! << 16) | (rgba[at + 1]! << 8) | rgba[at + 2]!;
    expected.set(colour, (expected.get(colour) ?? 0) + 1);
  }
  assert.deepEqual(
    counts.entries().map(({ count, red, green, blue }) => [(red * 65536 + green * 256 + blue) / count, count]),
    [...expected].sort(([a], [b]) => a - b),
  );
  assert.equal(opaque, counts.pixels);
});

test('parts merged in any order and grouping give the same bytes, exact or in cells', () => {
  for (const exactColours of [2 ** 20, 700, 120]) {
    for (let seed = 1; seed <= 12; seed++) {
      const next = integers(seed);
      const frames = Array.from({ length: 9 }, () => randomFrame(next, 150, 256));
      const whole = new ColourCounts(exactColours);
      for (const frame of frames) whole.addRgba(frame);
      const parts = frames.map((frame) => {
        const part = new ColourCounts(exactColours);
        part.addRgba(frame);
        return part;
      });
      while (parts.length > 1) {
        const [part] = parts.splice(next(parts.length), 1);
        parts[next(parts.length)]!.merge(ColourCounts.fromBytes(part!.toBytes(), exactColours));
      }
      assert.equal(whole.cellBits, exactColours === 2 ** 20 ? 8 : 6);
      assert.deepEqual(parts[0]!.toBytes(), whole.toBytes());
      assert.equal(parts[0]!.pixels, whole.pixels);
    }
  }
});

test('bytes that are no partial are refused in one sentence', () => {
  const whole = new ColourCounts().toBytes();
  for (const bytes of [new Uint8Array(3), new Uint8Array(40), whole.subarray(0, 15)]) {
    assert.throws(() => ColourCounts.fromBytes(bytes), /bytes are no colour counts; expected a whole partial/);
  }
});

test('gathering takes the finest grid that is small enough and keeps every pixel', () => {
  const counts = new ColourCounts();
  counts.addRgba(randomFrame(integers(5), 20000, 256));
  const entries = counts.entries();
  assert.equal(gatherColours(entries, 8, 1e6).gridBits, 8);
  for (const limit of [8192, 4000]) {
    const { colours, gridBits } = gatherColours(entries, 8, limit);
    assert.ok(colours.length <= 4096);
    assert.equal(gridBits, 4);
    assert.equal(sum(colours.map(({ count }) => count)), counts.pixels);
    assert.equal(sum(colours.map(({ blue }) => blue)), sum(entries.map(({ blue }) => blue)));
  }
  const grey = new ColourCounts();
  for (let value = 0; value < 256; value++) grey.add(value * 0x10101, value + 1);
  assert.deepEqual(
    [200, 100, 40, 20].map((limit) => gatherColours(grey.entries(), 8, limit).gridBits),
    [7, 6, 5, 4],
  );
  const first = gatherColours(grey.entries(), 8, 100).colours[0]!;
  assert.deepEqual(first, { count: 10, red: 20, green: 20, blue: 20 });
});

test('a palette depends on the pixels alone, and a sample on its seed', () => {
  const frames = Array.from({ length: 6 }, (_, index) => randomFrame(integers(index), 400, 64));
  const forward = new ColourCounts();
  const backward = new ColourCounts();
  for (const frame of frames) forward.addRgba(frame);
  for (const frame of frames.toReversed()) backward.addRgba(frame);
  for (const input of [
    {},
    { method: 'threshold' },
    { space: 'oklab' },
    { sample: 500, seed: 3 },
    { colors: 4 },
  ] as const) {
    const options = paletteOptionsSchema.parse(input);
    const palette = findPalette(forward, options);
    assert.deepEqual(findPalette(backward, options), palette);
    assert.equal(sum(palette.colors.map(({ count }) => count)), forward.pixels);
  }
  const seeds = [1, 2].map((seed) => findPalette(forward, paletteOptionsSchema.parse({ sample: 60, seed })));
  assert.notDeepEqual(seeds[0], seeds[1]);
});

test('one colour, few colours, no colour', () => {
  const options = paletteOptionsSchema.parse({});
  const counts = new ColourCounts();
  assert.throws(() => findPalette(counts, options), /no opaque pixel/);
  counts.add(0x102030, 5);
  const one = findPalette(counts, options);
  assert.deepEqual(one.colors, [{ rgb: [16, 32, 48], count: 5 }]);
  assert.equal(one.bandwidth, 0);
  assert.equal(one.error, 0);
  counts.add(0xff0000, 5);
  const two = findPalette(counts, options);
  assert.deepEqual(
    two.colors.map(({ rgb }) => rgb),
    [
      [255, 0, 0],
      [16, 32, 48],
    ],
  );
});

test('the cap keeps the colours that would be missed most, in their order, accents before shades', () => {
  const counts = new ColourCounts();
  for (const [colour, count] of [
    [0x000000, 10],
    [0x00ff00, 3],
    [0xff0000, 3],
    [0xffffff, 20],
  ] as const) {
    counts.add(colour, count);
  }
  const capped = findPalette(counts, paletteOptionsSchema.parse({ bandwidth: 5, colors: 3 }));
  assert.deepEqual(capped.colors, [
    { rgb: [255, 255, 255], count: 20 },
    { rgb: [0, 0, 0], count: 13 },
    { rgb: [0, 255, 0], count: 3 },
  ]);
  const shades = new ColourCounts();
  for (const [colour, count] of [
    [0x3050a0, 900],
    [0x3a5aaa, 500],
    [0x2a4a9a, 300],
    [0xc0c0d0, 40],
  ] as const)
    shades.add(colour, count);
  const two = findPalette(shades, paletteOptionsSchema.parse({ bandwidth: 5, colors: 2 }));
  assert.deepEqual(two.colors, [
    { rgb: [0x30, 0x50, 0xa0], count: 1700 },
    { rgb: [0xc0, 0xc0, 0xd0], count: 40 },
  ]);
});

test('the threshold method keeps colours by count, then RGB, that lie farther than T', () => {
  const counts = new ColourCounts();
  for (const [colour, count] of [
    [0x0a0000, 4],
    [0x000000, 4],
    [0x140000, 9],
    [0xc80000, 1],
  ] as const) {
    counts.add(colour, count);
  }
  const palette = findPalette(counts, paletteOptionsSchema.parse({ method: 'threshold', threshold: 10 }));
  assert.deepEqual(palette.colors, [
    { rgb: [20, 0, 0], count: 13 },
    { rgb: [0, 0, 0], count: 4 },
    { rgb: [200, 0, 0], count: 1 },
  ]);
  assert.equal(palette.bandwidth, null);
});

test('centres become bytes by truncation, or rounded half up', () => {
  const counts = new ColourCounts();
  counts.add(0x0a0a0a, 1);
  counts.add(0x0b0b0b, 1);
  const colours = (centres: 'truncate' | 'round') =>
    findPalette(counts, paletteOptionsSchema.parse({ bandwidth: 9, centres })).colors.map(({ rgb }) => rgb);
  assert.deepEqual(colours('truncate'), [[10, 10, 10]]);
  assert.deepEqual(colours('round'), [[11, 11, 11]]);
});

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
