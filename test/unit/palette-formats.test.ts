import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { oklabToRgb, rgbToOklab } from '../../tiling/palette/colour-space.js';
import { paletteGpl, paletteJson, swatchImage } from '../../tiling/palette/palette-files.js';
import { paletteOptionsSchema } from '../../tiling/palette/palette-options.js';
import { encodeIndexedPng, encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { Remap, type Rgb } from '../../tiling/palette/remap.js';
import { checkTarget, coloursInReadingOrder, parseTextTarget } from '../../tiling/palette/target.js';

const colours: Rgb[] = [
  [255, 0, 0],
  [0, 128, 255],
  [1, 2, 3],
];

test('every text form of a palette is read back as written', () => {
  const palette = { colors: colours.map((rgb) => ({ rgb, count: 1 })), bandwidth: 3, error: 0, pixels: 3 };
  const json = paletteJson(
    { ...palette, uniqueColors: 3, gridBits: 8 },
    {
      character: 'orc',
      frames: 1,
      size: { width: 64, height: 90 },
      options: paletteOptionsSchema.parse({}),
      target: null,
      version: '1',
    },
  );
  assert.deepEqual(JSON.parse(json).colors, palette.colors);
  assert.deepEqual(parseTextTarget(json, 'p.json'), colours);
  assert.deepEqual(parseTextTarget('[[255,0,0],"#0080ff","010203"]', 'p.json'), colours);
  assert.deepEqual(parseTextTarget(paletteGpl('orc', colours), 'p.gpl'), colours);
  assert.deepEqual(parseTextTarget('ff0000\r\n#0080FF\n\n010203\n', 'p.hex'), colours);
  const gimp = 'GIMP Palette\nName: x\nColumns: 3\n# note\n255   0   0 Red\n  0 128 255\tUntitled\n1 2 3\n';
  assert.deepEqual(parseTextTarget(gimp, 'p.gpl'), colours);
});

test('swatches read as a target give the colours in order', () => {
  const many = Array.from({ length: 300 }, (_, index): Rgb => [index % 7, index >> 4, index & 15]);
  for (const list of [colours, many.slice(0, 16), many]) {
    const { rgba, size } = swatchImage(list);
    assert.equal(rgba.length, size.width * size.height * 4);
    assert.deepEqual(coloursInReadingOrder(rgba), checkTarget(list, 'list'));
  }
});

test('wrong targets are refused in one sentence that names file and line', () => {
  const failures: readonly [() => unknown, RegExp][] = [
    [() => checkTarget([], 'p.hex'), /^p\.hex: the target palette has no colour; expected a palette of 1 to 4096/],
    [() => parseTextTarget('255 0 0\n', 'p.gpl'), /^p\.gpl: no "GIMP Palette" in the first line/],
    [() => parseTextTarget('GIMP Palette\n256 0 0\n', 'p.gpl'), /^p\.gpl, line 2: "256 0 0" is no colour/],
    [() => parseTextTarget('ff0000\nred\n', 'p.hex'), /^p\.hex, line 2: "red" is no colour/],
    [() => parseTextTarget('{', 'p.json'), /^p\.json: the target palette is no JSON/],
    [() => parseTextTarget('{"colors":[[1,2]]}', 'p.json'), /^p\.json: the target palette has no list of colours/],
  ];
  for (const [fail, message] of failures) assert.throws(fail, { message });
  const photo = new Uint8Array(5000 * 4).map((_, at) => (at % 4 === 3 ? 255 : (at >> 2) >> (8 * (at % 4))));
  assert.throws(() => checkTarget(coloursInReadingOrder(photo), 'photo.png'), /photo\.png: .* too many colours/);
});

test('PNGs that we write are what another decoder reads', async () => {
  const size = { width: 5, height: 3 };
  const rgba = Uint8Array.from({ length: 60 }, (_, at) => (at * 37) & 255);
  const decoded = await sharp(encodeRgbaPng(rgba, size)).raw().toBuffer();
  assert.deepEqual(new Uint8Array(decoded), rgba);
  const indices = Uint8Array.from({ length: 15 }, (_, at) => at % 4);
  const indexed = encodeIndexedPng(indices, size, colours, { transparent: true });
  const expected = [...indices].flatMap((index) => (index === 3 ? [0, 0, 0, 0] : [...colours[index]!, 255]));
  assert.deepEqual([...(await sharp(indexed).raw().toBuffer())], expected);
  assert.equal((await sharp(indexed).metadata()).isPalette, true);
  const full = Array.from({ length: 256 }, (_, value): Rgb => [value, 0, value]);
  assert.throws(() => encodeIndexedPng(indices, size, full, { transparent: true }), /257 entries for an indexed PNG/);
});

test('a target is applied to the palette, not to the pixels', () => {
  const remap = new Remap(
    [
      [100, 0, 0],
      [200, 0, 0],
    ],
    [
      [140, 0, 0],
      [190, 0, 0],
      [90, 0, 0],
    ],
  );
  const frame = remap.frame(Uint8Array.of(145, 0, 0, 255, 151, 0, 0, 9, 1, 2, 3, 0));
  assert.deepEqual([...frame.indices], [2, 1, 0]);
  assert.deepEqual([frame.hasTransparent, frame.hasTranslucent], [true, true]);
});

test('Oklab has the published coordinates and comes back', () => {
  const published: readonly [Rgb, Rgb][] = [
    [
      [255, 255, 255],
      [1, 0, 0],
    ],
    [
      [255, 0, 0],
      [0.62796, 0.22486, 0.12585],
    ],
    [
      [0, 255, 0],
      [0.86644, -0.23389, 0.1795],
    ],
    [
      [0, 0, 255],
      [0.45201, -0.03246, -0.31153],
    ],
  ];
  for (const [rgb, lab] of published) {
    rgbToOklab(rgb).forEach((value, axis) => {
      assert.ok(Math.abs(value - lab[axis]!) < 1e-5, `${rgb}: ${value} is not ${lab[axis]}`);
    });
  }
  for (let colour = 0; colour < 2 ** 24; colour += 4099) {
    const rgb = [colour >> 16, (colour >> 8) & 255, colour & 255] as const;
    oklabToRgb(rgbToOklab(rgb)).forEach((value, axis) => {
      assert.ok(Math.abs(value - rgb[axis]!) < 1e-3, `${rgb} came back as ${value}`);
    });
  }
});
