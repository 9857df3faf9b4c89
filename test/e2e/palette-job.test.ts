import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import sharp from 'sharp';
import { ciede2000, rgbToLab } from '../../tiling/palette/colour-difference.js';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { readTarget } from '../../tiling/palette/target.js';
import {
  fails,
  makeFrames,
  outputs,
  PaletteBench,
  rgbaOf,
  SIZE,
  sprite,
  writeFrame,
} from '../support/palette-bench.js';

const bench = new PaletteBench();
const { folder } = bench;
const run = (input: Parameters<PaletteBench['run']>[0]) => bench.run(input);

let frames = '';
let whole = '';
before(async () => {
  frames = makeFrames(join(folder, 'frames'), { knight: 40, slime: 7 });
  whole = join(folder, 'whole');
  await run({ frames: [frames], output: whole });
});

test('frames, palettes and a report are written, indexed with the palette in the file', async () => {
  const { colors } = JSON.parse(readFileSync(join(whole, 'knight/palette.json'), 'utf8'));
  assert.ok(colors.length >= 2 && colors.length <= 24);
  const metadata = await sharp(join(whole, 'knight/000.png')).metadata();
  assert.deepEqual([metadata.width, metadata.height, metadata.isPalette], [16, 24, true]);
  const allowed = new Set(colors.map(({ rgb }: { rgb: number[] }) => rgb.join()));
  const [before, after] = [await rgbaOf(join(frames, 'knight/003.png')), await rgbaOf(join(whole, 'knight/003.png'))];
  for (let y = 0; y < 24; y++) {
    for (let x = 0; x < 16; x++) {
      const source = (Math.floor((y + 0.5) * 2.5) * 40 + Math.floor((x + 0.5) * 2.5)) * 4;
      const at = (y * 16 + x) * 4;
      assert.equal(after[at + 3], before[source + 3]);
      if (after[at + 3] === 255) assert.ok(allowed.has(after.subarray(at, at + 3).join()));
      else assert.deepEqual([...after.subarray(at, at + 4)], [0, 0, 0, 0]);
    }
  }
  const report = JSON.parse(readFileSync(join(whole, 'report.json'), 'utf8'));
  assert.deepEqual(report.result.frames, { total: 47, written: 47, reused: 0, failed: 0 });
  assert.match(readFileSync(join(whole, 'report.html'), 'utf8'), /<h2>knight<\/h2>/);
});

test('the report says how far the written frames lie from what they were, also of a run in two parts', async () => {
  const places = [0, 1, 2, 3, 4, 5, 6].map((index) => `slime/00${index}.png`);
  let [pixels, squares, differences] = [0, 0, 0];
  for (const place of places) {
    const before = scaleNearestRgba(await rgbaOf(join(frames, place)), { width: 40, height: 60 }, SIZE);
    const written = await rgbaOf(join(whole, place));
    for (let at = 0; at < before.length; at += 4) {
      if (before[at + 3] === 0) continue;
      const [was, is] = [before, written].map((rgba) => [rgba[at]!, rgba[at + 1]!, rgba[at + 2]!] as const);
      pixels++;
      for (const c of [0, 1, 2] as const) squares += (was![c] - is![c]) ** 2;
      differences += ciede2000(rgbToLab(was!), rgbToLab(is!));
    }
  }
  const qualityIn = (output: string) => {
    const { characters } = JSON.parse(readFileSync(join(output, 'report.json'), 'utf8'));
    return characters.find(({ character }: { character: string }) => character === 'slime').quality;
  };
  const { psnr, meanDeltaE, deltaE } = qualityIn(whole);
  assert.equal(deltaE, 'CIEDE2000');
  assert.ok(Math.abs(psnr - 10 * Math.log10((255 ** 2 * 3 * pixels) / squares)) < 1e-3, `${psnr}`);
  assert.ok(Math.abs(meanDeltaE - differences / pixels) < 1e-3, `${meanDeltaE} is not ${differences / pixels}`);
  const html = readFileSync(join(whole, 'report.html'), 'utf8');
  assert.ok(html.includes(`PSNR ${psnr.toFixed(1)} dB · mean ΔE ${meanDeltaE.toFixed(2)} (CIEDE2000)`));
  // An output that is written again counts once.
  const output = join(folder, 'measured-again');
  await run({ frames: [join(frames, 'slime')], output });
  rmSync(join(output, 'slime/003.png'));
  await run({ frames: [join(frames, 'slime')], output });
  assert.deepEqual(qualityIn(output), { psnr, meanDeltaE, deltaE });
});

test('a target palette of 1 or 300 colours is applied after the character’s own', async () => {
  const [one, many] = [join(folder, 'one.hex'), join(folder, 'many.png')];
  writeFileSync(one, '102030\n');
  const colours = Array.from({ length: 300 }, (_, index) => [index & 255, (index * 7) & 255, index >> 8, 255]);
  writeFileSync(many, encodeRgbaPng(Uint8Array.from(colours.flat()), { width: 300, height: 1 }));
  await run({ frames: [frames], output: join(folder, 'to-one'), target: one });
  const pixels = await rgbaOf(join(folder, 'to-one/slime/000.png'));
  for (let at = 0; at < pixels.length; at += 4) {
    assert.deepEqual([...pixels.subarray(at, at + 4)], pixels[at + 3] === 0 ? [0, 0, 0, 0] : [16, 32, 48, 255]);
  }
  await run({
    ...{ frames: [frames], output: join(folder, 'to-many'), target: many },
    palette: { colors: 256, formats: ['hex', 'pal', 'act', 'txt'] },
  });
  const { isPalette, hasAlpha } = await sharp(join(folder, 'to-many/slime/000.png')).metadata();
  assert.deepEqual([isPalette, hasAlpha], [false, true]);
  const json = JSON.parse(readFileSync(join(folder, 'to-many/slime/palette.json'), 'utf8'));
  assert.equal(json.target.colors.length, 300);
  assert.equal(json.target.mapping.length, json.colors.length);
  for (const format of ['hex', 'pal', 'act', 'txt']) {
    const file = join(folder, 'to-many/slime', `palette.${format}`);
    assert.deepEqual(
      readTarget(file),
      json.colors.map(({ rgb }: { rgb: number[] }) => rgb),
    );
  }

  const empty = join(folder, 'empty.gpl');
  writeFileSync(empty, 'GIMP Palette\n#\n');
  const job = { frames: [frames], output: join(folder, 'to-none') };
  await assert.rejects(run({ ...job, target: empty }), fails(/empty\.gpl: the target palette has no colour/));
  await assert.rejects(
    run({ ...job, target: join(folder, 'no.hex') }),
    fails(/no\.hex: the target palette cannot be read/),
  );
  await assert.rejects(run({ ...job, target: join(folder, 'no.png') }), fails(/no\.png/));
  await assert.rejects(run({ ...job, target: 'a.bmp' }), fails(/a\.bmp: a target palette cannot be "\.bmp"/));
});

test('the page leads to every character, and names those that it does not show', async () => {
  const input = join(folder, 'crowd');
  for (let index = 0; index < 203; index++) {
    writeFrame(join(input, `<c${String(index).padStart(3, '0')}>`, 'a.png'), sprite(4, 4, 0), {
      width: 4,
      height: 4,
    });
  }
  const output = join(folder, 'crowd-out');
  await run({ frames: [input], output, size: null, palette: { colors: 4 } });
  const page = readFileSync(join(output, 'report.html'), 'utf8');
  const count = (pattern: RegExp) => page.match(pattern)?.length;
  assert.equal(count(/<section id="c\d+">/g), 200);
  assert.equal(count(/<li><a href="#c\d+">/g), 200);
  assert.match(page, /<h2>3 further characters<\/h2>/);
  assert.match(page, /<td>&#60;c202&#62;<\/td>/);
  assert.match(page, /At most<\/dt><dd>4 colours/);
  assert.doesNotMatch(page, /https?:|<script|<link|<c\d/);
  const report = JSON.parse(readFileSync(join(output, 'report.json'), 'utf8'));
  assert.equal(report.characters.length, 203);
});

test('threads that remember one way to the nearest colour do not take it for another', async () => {
  const palette = { colors: 3 };
  const output = (name: string) => join(folder, name);
  await run({ frames: [frames], output: output('near-rgb'), palette });
  await run({ frames: [frames], output: output('near-oklab'), palette: { ...palette, remapSpace: 'oklab' } });
  const fresh = new PaletteBench();
  const alone = join(fresh.folder, 'alone');
  await fresh.run({ frames: [frames], output: alone, palette: { ...palette, remapSpace: 'oklab' } });
  assert.deepEqual(outputs(output('near-oklab')), outputs(alone));
  assert.notDeepEqual(outputs(output('near-oklab')), outputs(output('near-rgb')));
});
