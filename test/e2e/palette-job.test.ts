import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { runDataset } from '../../coordinator/index.js';
import { HalotileError } from '../../tiling/errors.js';
import { type DatasetSpecInput, datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { ciede2000, rgbToLab } from '../../tiling/palette/colour-difference.js';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import { readTarget } from '../../tiling/palette/target.js';
import { encodeRecord } from '../../tiling/stitch/record-log.js';
import { ThreadPoolExecutor } from '../../worker/index.js';

const folder = mkdtempSync(join(tmpdir(), 'halotile-palette-'));
const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const machine = { threads: 2, memoryBytes: 512 * 2 ** 20 };
const executor = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: `frames-${process.pid}` });
after(async () => {
  await executor.close();
  rmSync(folder, { recursive: true, force: true });
});

const COLOURS = [0x2a1a1f, 0x8a4b2d, 0xd9a066, 0xeec39a, 0x5b6ee1, 0x306082, 0x99e550, 0xffffff];

/** A disc that moves with `index` on clear ground, in shades near the given colours. */
function sprite(width: number, height: number, index: number, colours: readonly number[] = COLOURS): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot(x - width / 2 - (index % 5), y - height / 2) / Math.min(width, height);
      if (distance > 0.45) continue;
      const colour = colours[Math.floor(distance * 20 + ((x >> 3) & 1)) % colours.length]!;
      const shade = (x * 7 + y * 13 + index) % 3;
      const channel = (shift: number) => Math.min(255, ((colour >> shift) & 255) + shade);
      rgba.set([channel(16), channel(8), channel(0), 255], (y * width + x) * 4);
    }
  }
  return rgba;
}

function writeFrame(path: string, rgba: Uint8Array, size = { width: 40, height: 60 }): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeRgbaPng(rgba, size));
}

function makeFrames(root: string, frames: Readonly<Record<string, number>>): string {
  for (const [character, count] of Object.entries(frames)) {
    for (let index = 0; index < count; index++) {
      writeFrame(join(root, character, `${String(index).padStart(3, '0')}.png`), sprite(40, 60, index));
    }
  }
  return root;
}

const SIZE = { width: 16, height: 24 };

function run(input: DatasetSpecInput) {
  const job = datasetSpecSchema.parse({ size: SIZE, ...input });
  return runDataset({ job, executor, machine, nowSeconds: () => performance.now() / 1000 });
}

/** Every file below a folder but the reports, which hold times, and the ledgers. */
function outputs(root: string): Map<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const kept = paths.filter((path) => !path.startsWith('.halotile') && !path.startsWith('report.'));
  return new Map(kept.sort().map((path) => [path, readFileSync(join(root, path)).toString('base64')]));
}

async function rgbaOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await sharp(path).ensureAlpha().raw().toBuffer());
}

function fails(message: RegExp, tag = 'bad-input') {
  return (error: unknown) => {
    assert.ok(error instanceof HalotileError, `${error}`);
    assert.equal(error.tag, tag);
    assert.match(error.message, message);
    return true;
  };
}

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

test('a second run does nothing; a new, changed or removed frame redoes its character only', async () => {
  const input = join(folder, 'growing');
  const output = join(folder, 'growing-out');
  cpSync(frames, input, { recursive: true });
  await run({ frames: [input], output });
  const times = () => ['knight/001.png', 'slime/001.png'].map((name) => statSync(join(output, name)).mtimeMs);
  const first = times();
  const second = await run({ frames: [input], output });
  assert.deepEqual([second.characters.reused, second.frames.reused, second.bytes.read], [2, 47, 0]);
  assert.deepEqual(times(), first);

  // The same content with another time is no change.
  writeFileSync(join(input, 'slime/002.png'), readFileSync(join(input, 'slime/002.png')));
  assert.equal((await run({ frames: [input], output })).characters.reused, 2);

  writeFrame(join(input, 'slime/900.png'), sprite(40, 60, 9, [0xff00ff]));
  assert.equal((await run({ frames: [input], output })).characters.reused, 1);
  assert.ok(outputs(output).has('slime/900.png'));
  writeFrame(join(input, 'slime/900.png'), sprite(40, 60, 3, [0x00ffff]));
  assert.equal((await run({ frames: [input], output })).characters.reused, 1);
  rmSync(join(input, 'slime/900.png'));
  assert.equal((await run({ frames: [input], output })).characters.reused, 1);
  assert.deepEqual(outputs(output), outputs(whole));

  // An output that was removed comes back without anything else being written.
  const [knight] = times();
  rmSync(join(output, 'slime/004.png'));
  assert.equal((await run({ frames: [input], output })).frames.reused, 46);
  assert.deepEqual(outputs(output), outputs(whole));
  assert.equal(times()[0], knight);

  const other = await run({ frames: [input], output, palette: { colors: 3 } });
  assert.equal(other.characters.reused, 0);
});

test('killed at any place and run again, the files are the same', async () => {
  const args = ['palette', frames, '--size', '16x24', '--threads', '2', '--json', '--spill'];
  for (const { spill, until } of [
    { spill: '100', until: ['slime/003.png'] },
    { spill: '100', until: ['.halotile/knight/epoch-000001/ledger'] },
    { spill: '0', until: ['knight/palette.json', '.halotile/knight/epoch-000001/ledger'] },
  ]) {
    const output = mkdtempSync(join(folder, 'killed-'));
    const child = spawn(process.execPath, [cli, ...args, spill, '-o', output], { stdio: 'ignore' });
    await killOnce(child, () => until.some((name) => statSync(join(output, name), { throwIfNoEntry: false })));
    const resumed = spawnSync(process.execPath, [cli, ...args, spill, '-o', output], { encoding: 'utf8' });
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.deepEqual(outputs(output), outputs(whole));
  }
});

test('what was counted before a death is read from spill files, and damage there is noticed', async () => {
  const output = join(folder, 'spilled');
  await run({ frames: [frames], output });
  const state = join(output, '.halotile/knight');
  const path = join(state, 'epoch-000001/ledger');
  const ledger = readFileSync(path, 'utf8').split('\n');
  const counted = ledger.filter((line) => /"type":"(adopt|begin|frame)"/.test(line));
  // As if the process had died after counting, with its spill files gone or foreign.
  writeFileSync(path, `${counted.join('\n')}\n`);
  const name = /"spilled":\["([^"]+)"/.exec(counted[2]!)![1]!;
  mkdirSync(join(state, 'spill'), { recursive: true });
  writeFileSync(join(state, 'spill', name), Buffer.alloc(100_000, 7));
  const resumed = await run({ frames: [frames], output });
  assert.equal(resumed.characters.reused, 1);
  assert.deepEqual(outputs(output), outputs(whole));
});

test('a ledger that says what no run has written leads nowhere, and costs the run that it was of', async () => {
  const SAMPLE = { frame: 'a', before: 'AAAA', after: 'AAAA' };
  const forged: Record<string, object> = {
    'an output elsewhere': {
      type: 'written',
      name: 'gone.png',
      file: '../../precious.png',
      bytes: 8,
      fit: null,
      sample: null,
    },
    'an absolute output': {
      type: 'written',
      name: 'gone.png',
      file: join(folder, 'precious.png'),
      bytes: 8,
      fit: null,
      sample: null,
    },
    'an output of no frame': { type: 'written', name: '000.png', file: 'notes.txt', bytes: 8, fit: null, sample: null },
    'a sample that is none': {
      type: 'written',
      name: '000.png',
      file: '000.png',
      bytes: 1,
      fit: null,
      sample: [SAMPLE],
    },
    'a palette of nothing': { type: 'palette', palette: { colors: [] } },
    'an end without a summary': { type: 'done', summary: { written: 7 } },
    'a spill file elsewhere': {
      type: 'frame',
      name: '000.png',
      print: [['1', '2', '3'], null],
      hash: '',
      source: '1×1',
      spilled: ['../../x', 0, 1, 1, 0],
    },
    'another kind': { type: 'rename', from: 'a', to: 'b' },
  };
  const precious = join(folder, 'precious.png');
  writeFileSync(precious, 'precious');
  for (const [what, record] of Object.entries(forged)) {
    const output = mkdtempSync(join(folder, 'forged-'));
    cpSync(whole, output, { recursive: true });
    writeFileSync(join(output, 'slime/notes.txt'), 'notes');
    appendFileSync(join(output, '.halotile/slime/epoch-000001/ledger'), encodeRecord(record));
    const result = await run({ frames: [frames], output });
    assert.equal(result.characters.reused, 1, what);
    assert.equal(readFileSync(precious, 'utf8'), 'precious', what);
    assert.equal(readFileSync(join(output, 'slime/notes.txt'), 'utf8'), 'notes', what);
    rmSync(join(output, 'slime/notes.txt'));
    assert.deepEqual(outputs(output), outputs(whole), what);
    assert.deepEqual(readdirSync(join(output, '.halotile/slime')), ['epoch-000002'], what);
  }
});

test('what a run appends to the ledger of a character that a later run has adopted does not exist', async () => {
  const output = join(folder, 'fenced');
  cpSync(whole, output, { recursive: true });
  const state = join(output, '.halotile/slime');
  rmSync(join(output, 'slime/003.png'));
  assert.equal((await run({ frames: [frames], output })).characters.reused, 1);
  assert.deepEqual(outputs(output), outputs(whole));
  // The first run was only thought dead, and goes on with other options.
  const late = join(state, 'epoch-000001/ledger');
  appendFileSync(late, encodeRecord({ type: 'begin', digest: '0'.repeat(64) }));
  assert.equal((await run({ frames: [frames], output })).characters.reused, 2);
});

test('what an earlier release left is refused until --restart discards it', async () => {
  const output = join(folder, 'earlier');
  cpSync(whole, output, { recursive: true });
  const state = join(output, '.halotile/slime');
  renameSync(join(state, 'epoch-000001/ledger'), join(state, 'ledger'));
  await assert.rejects(run({ frames: [frames], output }), fails(/slime\/ledger: .*--restart/, 'partial-conflict'));
  const job = datasetSpecSchema.parse({ size: SIZE, frames: [frames], output });
  const restarted = await runDataset({ job, executor, machine, restart: 'any', nowSeconds: () => 0 });
  assert.equal(restarted.characters.reused, 0);
  assert.deepEqual(outputs(output), outputs(whole));
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
    const expected = [...outputs(whole)].filter(([path]) => path.startsWith('slime/'));
    assert.deepEqual([...outputs(output)], expected, input.join());
  }
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
  await refused(manifest('d.yaml', '- { image: x.png, character: ../x }\n'), /"\.\.\/x" cannot be a character/);
  await refused(manifest('e.csv', 'image\nx/a.png\nx/a.PNG\n'), /would be written to x\/a\.png like/);
  await refused(manifest('f.csv', 'image\nx/palette.png\n'), /would be written over x\/palette\.png/);
  await assert.rejects(
    run({ frames: [frames], output: frames }),
    fails(/an input lies in the output folder/, 'bad-usage'),
  );
  assert.equal(statSync(output, { throwIfNoEntry: false }), undefined);
});

/** Kills a process as soon as something is so, or it ended by itself. */
async function killOnce(child: ChildProcess, condition: () => unknown): Promise<void> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  while (child.exitCode === null && child.signalCode === null && !condition()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  child.kill('SIGKILL');
  await exited;
}
