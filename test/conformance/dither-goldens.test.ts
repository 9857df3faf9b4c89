import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ciede2000, rgbToLab } from '../../tiling/palette/colour-difference.js';
import { bayerThreshold, type Dither } from '../../tiling/palette/dither.js';
import { FitMeter, qualityOf } from '../../tiling/palette/fit.js';
import { packRgb, type Rgb } from '../../tiling/palette/nearest-colour.js';
import { Remap } from '../../tiling/palette/remap.js';

interface Goldens {
  readonly differences: { readonly pairs: readonly (readonly [Rgb, Rgb])[]; readonly ciede2000: readonly number[] };
  readonly width: number;
  readonly rgba: readonly number[];
  readonly matrix: readonly (readonly number[])[];
  readonly dithered: readonly ({ readonly name: string; readonly palette: readonly Rgb[] } & Readonly<
    Record<Exclude<Dither, 'none'>, readonly number[]>
  >)[];
}

const fixture = new URL('../../../test/fixtures/palette/dither.json', import.meta.url);
const goldens = JSON.parse(readFileSync(fixture, 'utf8')) as Goldens;
const rgba = Uint8Array.from(goldens.rgba);
const { width } = goldens;

for (const { name, palette, ...expected } of goldens.dithered) {
  for (const dither of ['floyd-steinberg', 'ordered'] as const) {
    test(`${dither} in ${name}: every pixel has the colour that NumPy gives it`, () => {
      assert.deepEqual([...new Remap(palette, { dither }).frame(rgba, width).indices], expected[dither]);
    });
  }
  test(`ordered dithering in ${name} gives a pixel by itself what it has in its image`, () => {
    const remap = new Remap(palette, { dither: 'ordered' });
    const { indices } = remap.frame(rgba, width);
    for (let pixel = indices.length - 1; pixel >= 0; pixel--) {
      if (rgba[pixel * 4 + 3] === 0) continue;
      const rgb = packRgb([rgba[pixel * 4]!, rgba[pixel * 4 + 1]!, rgba[pixel * 4 + 2]!]);
      assert.deepEqual(remap.colour(rgb, pixel % width, Math.floor(pixel / width)), palette[indices[pixel]!]);
    }
  });
}

test('the matrix is Bayer’s, and overviews by every second pixel take the nearest colour of it', () => {
  for (let y = 0; y < 16; y++) {
    for (let x = 0; x < 16; x++) assert.equal(bayerThreshold(x, y), goldens.matrix[y % 8]![x % 8]);
  }
  const remap = new Remap(goldens.dithered[0]!.palette, { dither: 'ordered' });
  for (let grey = 0; grey < 256; grey++) {
    assert.deepEqual(remap.colour(grey * 0x10101, 2, 4), grey < 128 ? [0, 0, 0] : [255, 255, 255]);
  }
});

test('a flat grey keeps its mean, colours of the palette stay', () => {
  const black: Rgb = [0, 0, 0];
  for (const dither of ['floyd-steinberg', 'ordered'] as const) {
    const remap = new Remap([black, [255, 255, 255], [255, 0, 255]], { dither });
    for (const grey of [10, 64, 127, 128, 200, 250]) {
      const flat = new Uint8Array(64 * 64 * 4).map((_, at) => (at % 4 === 3 ? 255 : grey));
      const { indices } = remap.frame(flat, 64);
      const mean = (indices.reduce((sum, index) => sum + Number(index === 1), 0) / 4096) * 255;
      assert.ok(Math.abs(mean - grey) < 3, `${dither}: ${grey} has become ${mean}`);
    }
    const pink = new Uint8Array(256).map((_, at) => [255, 0, 255, 255][at % 4]!);
    assert.deepEqual(new Set(remap.frame(pink, 8).indices), new Set([2]));
  }
});

test('a flat grey between unevenly spaced colours keeps its mean', () => {
  for (const [grey, ...greys] of [
    [100, 0, 10, 255],
    [150, 0, 245, 255],
    [100, 40, 60, 200],
    [60, 0, 100, 110],
    [70, 0, 128, 140, 255],
  ] as const) {
    const remap = new Remap(
      greys.map((value): Rgb => [value, value, value]),
      { dither: 'floyd-steinberg' },
    );
    const flat = new Uint8Array(200 * 200 * 4).map((_, at) => (at % 4 === 3 ? 255 : grey));
    const { indices } = remap.frame(flat, 200);
    const mean = indices.reduce((sum, index) => sum + greys[index]!, 0) / indices.length;
    assert.ok(Math.abs(mean - grey) < 1, `in ${greys}: ${grey} has become ${mean}`);
  }
});

test('colour differences are those of scikit-image’s deltaE_ciede2000', () => {
  const { pairs, ciede2000: expected } = goldens.differences;
  pairs.forEach(([a, b], index) => {
    const actual = ciede2000(rgbToLab(a), rgbToLab(b));
    assert.ok(Math.abs(actual - expected[index]!) < 1e-6, `${a} and ${b}: ${actual} is not ${expected[index]}`);
  });
});

test('large frames are measured at pixels of every column, clear ones not at all', () => {
  const [width, height] = [640, 900];
  const pixels = new Uint8Array(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    // Half of the columns are wrong by 10, the last row is clear.
    const value = pixel % width < width / 2 ? 100 : 110;
    pixels.set([value, value, value, pixel < width * (height - 1) ? 255 : 0], pixel * 4);
  }
  const sums = new FitMeter([[100, 100, 100]]).measure(pixels, width, new Uint16Array(width * height));
  assert.equal(sums.pixels, width * (height - 1));
  assert.equal(sums.squares, (sums.pixels / 2) * 300);
  assert.ok(sums.measured > 10_000 && sums.measured <= 2 ** 14, `${sums.measured}`);
  const { meanDeltaE, psnr } = qualityOf(sums)!;
  const wrong = ciede2000(rgbToLab([100, 100, 100]), rgbToLab([110, 110, 110]));
  assert.ok(Math.abs(meanDeltaE - wrong / 2) < 0.01 * wrong, `${meanDeltaE} is not half of ${wrong}`);
  assert.equal(psnr, Math.round(1e4 * 10 * Math.log10(255 ** 2 / 50)) / 1e4);
  assert.equal(
    qualityOf(new FitMeter([[1, 2, 3]]).measure(Uint8Array.of(1, 2, 3, 9), 1, new Uint16Array(1)))?.psnr,
    null,
  );
});
