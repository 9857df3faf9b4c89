import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import sharp from 'sharp';
import { fails, makeFrames, outputs, PaletteBench, rgbaOf, writeFrame } from '../support/palette-bench.js';

const bench = new PaletteBench();
const { folder } = bench;
const run = (input: Parameters<PaletteBench['run']>[0]) => bench.run(input);

let frames = '';
let whole = '';
before(async () => {
  frames = makeFrames(join(folder, 'frames'), { slime: 7 });
  whole = join(folder, 'whole');
  await run({ frames: [frames], output: whole });
});

test('frames come from folders, patterns, files and manifests alike', async () => {
  const csv = join(folder, 'list.csv');
  const yaml = join(folder, 'list.yaml');
  const names = readdirSync(join(frames, 'slime'));
  writeFileSync(csv, ['character,image,map', ...names.map((name) => `"slime","frames/slime/${name}",`)].join('\r\n'));
  writeFileSync(yaml, ['images:', ...names.map((name) => `  - { image: frames/slime/${name} }`)].join('\n'));
  const inputs = [
    [join(frames, 'slime')],
    [join(frames, 'sl*/*.png')],
    names.map((name) => join(frames, 'slime', name)),
  ];
  for (const [index, input] of [...inputs, [csv], [yaml]].entries()) {
    const output = join(folder, `alike-${index}`);
    await run({ frames: input, output });
    assert.deepEqual(outputs(output), outputs(whole), input.join());
  }
});

test('an unreadable frame stops the job, or is reported and skipped', async () => {
  const input = makeFrames(join(folder, 'broken'), { knight: 5, slime: 3 });
  const bytes = readFileSync(join(input, 'knight/001.png'));
  writeFileSync(join(input, 'knight/001.png'), bytes.subarray(0, bytes.length >> 1));
  writeFileSync(join(input, 'knight/002.png'), 'no image');
  const output = join(folder, 'broken-out');
  await assert.rejects(run({ frames: [input], output }), fails(/knight.00[12]\.png: the frame cannot be decoded/));
  const result = await run({ frames: [input], output, onError: 'skip' });
  assert.deepEqual([result.frames.written, result.frames.failed], [6, 2]);
  const report = JSON.parse(readFileSync(join(output, 'report.json'), 'utf8'));
  assert.deepEqual(
    report.characters[0].failures.map(({ frame }: { frame: string }) => frame),
    ['001.png', '002.png'],
  );
  const again = await run({ frames: [input], output, onError: 'skip' });
  assert.deepEqual([again.characters.reused, again.frames.failed], [2, 2]);
  writeFileSync(join(input, 'knight/001.png'), bytes);
  writeFileSync(join(input, 'knight/002.png'), bytes);
  const mended = await run({ frames: [input], output, onError: 'skip' });
  assert.deepEqual([mended.characters.reused, mended.frames.written], [1, 8]);
});

test('a character without an opaque pixel is one clear sentence, and skipping keeps the others', async () => {
  const input = makeFrames(join(folder, 'ghosts'), { slime: 3 });
  for (const name of ['a.png', 'b.png']) writeFrame(join(input, 'ghost', name), new Uint8Array(40 * 60 * 4));
  const output = join(folder, 'ghosts-out');
  await assert.rejects(run({ frames: [input], output }), fails(/^character ghost: no opaque pixel in 2 frames/));
  const result = await run({ frames: [input], output, onError: 'skip' });
  assert.deepEqual([result.characters.done, result.frames.written, result.frames.failed], [1, 3, 2]);
  const report = JSON.parse(readFileSync(join(output, 'report.json'), 'utf8'));
  assert.match(report.failed[0].message, /no opaque pixel/);
});

test('one colour, differing sizes, translucent pixels', async () => {
  const input = join(folder, 'odd');
  const flat = (alpha: number, pixels: number) => new Uint8Array(pixels * 4).map((_, at) => [9, 8, 7, alpha][at % 4]!);
  writeFrame(join(input, 'flat/a.png'), flat(255, 2400));
  writeFrame(join(input, 'flat/b.png'), flat(255, 7 * 5), { width: 7, height: 5 });
  writeFrame(join(input, 'flat/c.png'), flat(100, 2400));
  const output = join(folder, 'odd-out');
  await run({ frames: [input], output });
  const json = JSON.parse(readFileSync(join(output, 'flat/palette.json'), 'utf8'));
  assert.deepEqual(json.colors, [{ rgb: [9, 8, 7], count: 3 * 16 * 24 }]);
  assert.deepEqual(await rgbaOf(join(output, 'flat/c.png')), flat(100, 16 * 24));
  assert.match(readFileSync(join(output, 'report.html'), 'utf8'), /differing sizes: 40×60, 7×5/);
  await run({ frames: [input], output: join(folder, 'own-size'), size: null });
  assert.equal((await sharp(join(folder, 'own-size/flat/b.png')).metadata()).width, 7);
});

test('16-bit, grey, grey with alpha and indexed PNGs are read as RGBA of 8 bits', async () => {
  const input = join(folder, 'kinds/mixed');
  mkdirSync(input, { recursive: true });
  const size = { width: 16, height: 24 };
  const raw = { raw: { ...size, channels: 3 as const } };
  const pixels = Buffer.from(Array.from({ length: 16 * 24 * 3 }, () => 200));
  await sharp(pixels, raw).toColourspace('rgb16').png().toFile(join(input, 'deep.png'));
  await sharp(pixels, raw).toColourspace('b-w').png().toFile(join(input, 'grey.png'));
  await sharp(pixels, raw).toColourspace('b-w').ensureAlpha(0.5).png().toFile(join(input, 'grey-alpha.png'));
  await sharp(pixels, raw).png({ palette: true, colours: 2 }).toFile(join(input, 'indexed.png'));
  await run({ frames: [dirname(input)], output: join(folder, 'kinds-out') });
  const json = JSON.parse(readFileSync(join(folder, 'kinds-out/mixed/palette.json'), 'utf8'));
  assert.deepEqual(json.colors, [{ rgb: [200, 200, 200], count: 4 * 16 * 24 }]);
  assert.equal((await rgbaOf(join(folder, 'kinds-out/mixed/grey-alpha.png')))[3], 127);
  assert.equal((await sharp(join(input, 'deep.png')).metadata()).depth, 'ushort');
  assert.equal((await sharp(join(input, 'grey.png')).metadata()).channels, 1);
  assert.equal((await sharp(join(input, 'indexed.png')).metadata()).isPalette, true);
});

test('folders hold PNG, WebP, JPEG, TIFF, GIF and AVIF; what else lies there is named in the report', async () => {
  const input = join(folder, 'formats/mixed');
  mkdirSync(input, { recursive: true });
  const size = { width: 16, height: 24 };
  const image = () => sharp(Buffer.alloc(16 * 24 * 3, 128), { raw: { ...size, channels: 3 as const } });
  await image().webp({ lossless: true }).toFile(join(input, 'a.webp'));
  await image().jpeg().toFile(join(input, 'b.jpg'));
  await image().jpeg().toFile(join(input, 'c.JPEG'));
  await image().tiff().toFile(join(input, 'd.tif'));
  await image().gif().toFile(join(input, 'e.gif'));
  await image().avif({ lossless: true, effort: 0 }).toFile(join(input, 'f.avif'));
  for (const name of ['notes.txt', 'sheet.psd', 'other.psd']) writeFileSync(join(input, name), name);
  const output = join(folder, 'formats-out');
  await run({ frames: [dirname(input)], output });
  const json = JSON.parse(readFileSync(join(output, 'mixed/palette.json'), 'utf8'));
  assert.deepEqual(json.colors, [{ rgb: [128, 128, 128], count: 6 * 16 * 24 }]);
  assert.equal((await sharp(join(output, 'mixed/c.png')).metadata()).width, 16);
  const report = JSON.parse(readFileSync(join(output, 'report.json'), 'utf8'));
  assert.deepEqual(report.passedOver, { '.psd': 2, '.txt': 1 });
  // Named outright, a file that is no image is a frame that cannot be read.
  const named = { frames: [join(input, 'sheet.psd')], output: join(folder, 'formats-named') };
  await assert.rejects(
    run(named),
    fails(/sheet\.psd: the frame cannot be decoded .*; expected a whole PNG, WebP, JPEG/),
  );
});

test('wrong inputs are refused before any work, in one sentence', async () => {
  const output = join(folder, 'refused');
  const refused = (input: string[], message: RegExp, tag?: string) =>
    assert.rejects(run({ frames: input, output }), fails(message, tag));
  mkdirSync(join(folder, 'nothing'));
  await refused([join(folder, 'nothing')], /nothing: no frames; expected FRAMES\/<character>\/\*\.png/);
  writeFileSync(join(folder, 'nothing/a.bmp'), 'BM');
  await refused([join(folder, 'nothing')], /nothing \(1 × \.bmp\): no frames/);
  await refused([join(folder, 'nowhere')], /nowhere: no such file or folder/);
  await refused([join(folder, 'no*.png')], /the pattern matches no file/);
  const manifest = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return [join(folder, name)];
  };
  await refused(manifest('a.csv', 'file\nx.png\n'), /a\.csv: the manifest has no column "image"/);
  await refused(manifest('b.csv', 'image,character\n,x\n'), /b\.csv, line 2: no image/);
  await refused(manifest('c.yaml', '- { picture: x.png }\n'), /c\.yaml: the manifest is no list of images/);
  await refused(
    manifest('number.yaml', 'images: [{ image: x.png, map: }, { image: x.png, character: 007 }]\n'),
    /number\.yaml, image 2: character is a number to YAML; expected a name; put the name into quotes$/,
  );
  await refused(
    manifest('number.json', '[{ "image": "x.png", "character": 12345678901234567890 }]'),
    /number\.json, image 1: character is a number to JSON; expected a name; put the name into quotes$/,
  );
  await refused(manifest('d.yaml', '- { image: x.png, character: ../x }\n'), /"\.\.\/x" cannot be a character/);
  await refused(manifest('e.csv', 'image\nx/a.png\nx/a.PNG\n'), /would be written to x\/a\.png like/);
  await refused(manifest('f.csv', 'image\nx/palette.png\n'), /would be written over x\/palette\.png/);
  await assert.rejects(
    run({ frames: [frames], output: frames }),
    fails(/an input lies in the output folder/, 'bad-usage'),
  );
  assert.equal(statSync(output, { throwIfNoEntry: false }), undefined);
});
