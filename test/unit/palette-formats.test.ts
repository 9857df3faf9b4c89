import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { oklabToRgb, rgbToOklab } from '../../tiling/palette/colour-space.js';
import { NearestColour, packRgb, type Rgb } from '../../tiling/palette/nearest-colour.js';
import { PALETTE_WRITERS, paletteGpl, paletteJson, swatchImage } from '../../tiling/palette/palette-files.js';
import { PALETTE_FORMATS, paletteOptionsSchema } from '../../tiling/palette/palette-options.js';
import { encodeIndexedPng, encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { Remap } from '../../tiling/palette/remap.js';
import { checkTarget, coloursInReadingOrder, parseTarget } from '../../tiling/palette/target.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { noise } from '../conformance/box-tiles.js';

const colours: Rgb[] = [
  [255, 0, 0],
  [0, 128, 255],
  [1, 2, 3],
];

const parsed = (text: string, path: string) => parseTarget(Buffer.from(text), path);

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
  assert.deepEqual(parsed(json, 'p.json'), colours);
  assert.deepEqual(parsed('[[255,0,0],"#0080ff","010203"]', 'p.json'), colours);
  assert.deepEqual(parsed(paletteGpl('orc', colours), 'p.gpl'), colours);
  assert.deepEqual(parsed('ff0000\r\n#0080FF\n\n010203\n', 'p.hex'), colours);
  const gimp = 'GIMP Palette\nName: x\nColumns: 3\n# note\n255   0   0 Red\n  0 128 255\tUntitled\n1 2 3\n';
  assert.deepEqual(parsed(gimp, 'p.gpl'), colours);
});

test('palettes of Paint Shop Pro, Photoshop, paint.net and Aseprite are read without their clear entries', () => {
  const [red, blue, dark] = colours as [Rgb, Rgb, Rgb];
  assert.deepEqual(parsed('JASC-PAL\r\n0100\r\n3\r\n255 0 0\r\n0 128 255\r\n1 2 3\r\n', 'p.pal'), colours);
  assert.deepEqual(parsed('JASC-PAL\n0100\n3\n255 0 0 255\n9 9 9 0\n1 2 3 4\n\n', 'p.pal'), [red, dark]);
  assert.deepEqual(parsed('; paint.net\r\nFFFF0000\n00123456\n  ff0080FF ; sky\n80010203', 'p.txt'), colours);
  const table = new Uint8Array(772);
  table.set(colours.flat());
  table.set([0, 3, 0, 1], 768);
  assert.deepEqual(parseTarget(table, 'p.act'), [red, dark]);
  table.set([0, 2, 255, 255], 768);
  assert.deepEqual(parseTarget(table, 'P.ACT'), [red, blue]);
  assert.equal(parseTarget(table.subarray(0, 768), 'p.act').length, 256);
  const aseprite = 'GIMP Palette\nChannels: RGBA\n#\n255 0 0 255 Untitled\n0 0 0 0 Mask\n1 2 3 128\n';
  assert.deepEqual(parsed(aseprite, 'p.gpl'), [red, dark]);
});

test('every form that is written on demand is read back, and begins as its program expects', () => {
  const begins = {
    hex: 'ff0000\n',
    pal: 'JASC-PAL\r\n0100\r\n3\r\n255 0 0\r\n',
    txt: '; paint.net Palette File\r\nFFFF0000\r\n',
  };
  for (const format of PALETTE_FORMATS) {
    const bytes = Buffer.from(PALETTE_WRITERS[format](colours));
    assert.deepEqual(parseTarget(bytes, `palette.${format}`), colours);
    if (format === 'act') assert.deepEqual([bytes.length, ...bytes.subarray(768)], [772, 0, 3, 255, 255]);
    else assert.ok(bytes.toString().startsWith(begins[format]), format);
  }
  const full = Array.from({ length: 256 }, (_, value): Rgb => [value, 0, 255 - value]);
  assert.deepEqual(parseTarget(Buffer.from(PALETTE_WRITERS.act(full)), 'p.act'), full);
  const refused = paletteOptionsSchema.safeParse({ formats: ['act'] });
  assert.match(refused.error?.issues[0]?.message ?? '', /at most 256 colours: give colors/);
  assert.ok(paletteOptionsSchema.safeParse({ formats: ['act'], colors: 256 }).success);
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
    [() => checkTarget([], 'p.hex'), /^p\.hex: the target palette has no colour; expected 1 to 4096/],
    [() => parsed('255 0 0\n', 'p.gpl'), /^p\.gpl: no "GIMP Palette" in the first line/],
    [() => parsed('GIMP Palette\n256 0 0\n', 'p.gpl'), /^p\.gpl, line 2: "256 0 0" is no colour/],
    [() => parsed('ff0000\nred\n', 'p.hex'), /^p\.hex, line 2: "red" is no colour/],
    [() => parsed('GIMP Palette\nChannels: RGBA\n1 2 3 red\n', 'p.gpl'), /^p\.gpl, line 3: "1 2 3 red" is no .* four/],
    [
      () => parsed('RIFF\x94PAL data', 'p.pal'),
      /^p\.pal, line 1: a RIFF palette of Windows.* "JASC-PAL"; save it as JASC/,
    ],
    [() => parsed('JASC-PAL\n0200\n', 'p.pal'), /^p\.pal, line 2: "0200" is no version/],
    [() => parsed('JASC-PAL\n0100\nx\n', 'p.pal'), /^p\.pal, line 3: "x" is no number/],
    [() => parsed('JASC-PAL\n0100\n2\n0 0 0\n0 0 256\n', 'p.pal'), /^p\.pal, line 5: "0 0 256" is no colour/],
    [() => parsed('JASC-PAL\n0100\n2\n0 0 0\n', 'p.pal'), /^p\.pal, line 3: 2 colours are announced, and 1 follow/],
    [() => parsed('; x\nFFFFFF\n', 'p.txt'), /^p\.txt, line 2: "FFFFFF" is no colour; expected AARRGGBB/],
    [() => parsed('abc', 'p.act'), /^p\.act: 3 bytes are no \.act palette; expected 768 or 772/],
    [() => parsed(`${'abc'.repeat(256)}\x01\x01\0\0`, 'p.act'), /^p\.act, byte 768: 257 colours are announced/],
    [() => parsed('{', 'p.json'), /^p\.json: the target palette is no JSON/],
    [() => parsed('{"colors":[[1,2]]}', 'p.json'), /^p\.json: the target palette has no list of colours/],
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

test('error diffusion is refused by tiles, and the remedy named', () => {
  const params = { colours: '#000000 #ffffff', dither: 'floyd-steinberg' };
  assert.throws(() => resolveOperations([{ name: 'palette', params, constant: 0 }], { map: false }), {
    message: /^operation 1 'palette': dither is 'floyd-steinberg'; expected ordered, or none: floyd-steinberg carries/,
  });
});

test('a target is applied to the palette, not to the pixels', () => {
  const remap = new Remap(
    [
      [100, 0, 0],
      [200, 0, 0],
    ],
    {
      target: [
        [140, 0, 0],
        [190, 0, 0],
        [90, 0, 0],
      ],
    },
  );
  const frame = remap.frame(Uint8Array.of(145, 0, 0, 255, 151, 0, 0, 9, 1, 2, 3, 0), 3);
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

test('the nearest colour in Oklab is the nearest by its coordinates, and another than in RGB', () => {
  const random = noise(17);
  const colour = (): Rgb => [random(256), random(256), random(256)];
  const palette = Array.from({ length: 40 }, colour);
  const [oklab, rgb] = [new NearestColour(palette, 'oklab'), new NearestColour(palette)];
  let others = 0;
  for (let i = 0; i < 500; i++) {
    const wanted = colour();
    const far = palette.map((each) =>
      Math.hypot(...rgbToOklab(each).map((value, c) => value - rgbToOklab(wanted)[c]!)),
    );
    const index = oklab.indexOf(packRgb(wanted));
    assert.equal(far[index], Math.min(...far));
    if (index !== rgb.indexOf(packRgb(wanted))) others++;
  }
  assert.ok(others > 50, `${others}`);
});

test('ordered dithering and Oklab are one of the two', () => {
  assert.throws(
    () => paletteOptionsSchema.parse({ dither: 'ordered', remapSpace: 'oklab' }),
    /ordered dithering mixes colours in RGB/,
  );
});
