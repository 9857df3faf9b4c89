import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import zlib, { deflateSync } from 'node:zlib';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { runEngine } from '../support/engine.js';
import { type CliResult, halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { type FileLayout, writeTiff } from '../support/tiff-file.js';
import { tinyDisk } from '../support/tiny-disk.js';
import { type BuiltTag, buildTiff, greyTags } from '../unit/tiff-builder.js';

const folder = scratchFolder();
const outputs = join(folder, 'outputs');
const image = join(folder, 'image.tif');
const map = join(folder, 'map.tif');
const SIZE = { width: 200, height: 150 };

before(() => {
  mkdirSync(outputs);
  writeImage(image);
  writeTiff(
    map,
    imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x) => x % 7),
  );
});

function writeImage(path: string, layout?: FileLayout): void {
  writeTiff(
    path,
    imageOf(SIZE, { dtype: 'uint8', channels: 3 }, (x, y, c) => (x * y + c) & 255),
    layout,
  );
}

/** The command's end where it must refuse: exit code, one line on stderr, nothing written. */
async function refused(code: number, ...args: string[]): Promise<CliResult> {
  const result = await halotile(...args);
  assert.equal(result.code, code, result.stderr);
  assert.equal(result.stdout, '');
  assert.equal(result.stderr.trimEnd().split('\n').length, 1, result.stderr);
  assert.doesNotMatch(result.stderr, /\bat .*\.js:\d/);
  assert.deepEqual(readdirSync(outputs), []);
  return result;
}

function output(): string {
  return join(outputs, 'out.tif');
}

/** Refuses an image or a map that lies under `path`, naming it. */
async function refusedFile(role: 'image' | 'map', path: string, ...patterns: RegExp[]): Promise<void> {
  const inputs = role === 'image' ? [path, '--map', map] : [image, '--map', path];
  const { stderr } = await refused(2, 'blur', ...inputs, '-o', output());
  assert.ok(stderr.includes(path), stderr);
  for (const pattern of patterns) assert.match(stderr, pattern);
}

function tagsWith(changes: Readonly<Record<number, Partial<BuiltTag>>>): BuiltTag[] {
  return greyTags(SIZE.width, SIZE.height, changes);
}

const PIXELS = new Uint8Array(SIZE.width * SIZE.height);

const MAPS: Readonly<Record<string, { write: (path: string) => void; says: RegExp[] }>> = {
  'of another size': {
    write: (path) =>
      writeTiff(
        path,
        imageOf({ width: 199, height: 150 }, { dtype: 'uint8', channels: 1 }, () => 1),
      ),
    says: [/199×150/, /200×150/, /same size/],
  },
  'of three channels': {
    write: (path) => writeImage(path),
    says: [/3 channels/, /one channel/, /extract/],
  },
  'with a NaN': {
    write: (path) =>
      writeTiff(
        path,
        imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => (x === 77 && y === 31 ? Number.NaN : 1)),
      ),
    says: [/pixel 77,31/, /NaN/, /--map-invalid clamp/],
  },
  'with a negative value': {
    write: (path) =>
      writeTiff(
        path,
        imageOf(SIZE, { dtype: 'float32', channels: 1 }, (x, y) => (x === 3 && y === 149 ? -0.5 : 1)),
      ),
    says: [/pixel 3,149/, /-0\.5/, /--map-invalid clamp/],
  },
};

for (const [name, { write, says }] of Object.entries(MAPS)) {
  test(`a map ${name} is refused`, async () => {
    const path = join(folder, 'bad-map.tif');
    write(path);
    await refusedFile('map', path, ...says);
  });
}

test('map values that an offset makes negative are refused with their pixel, or clamped', async () => {
  const { stderr } = await refused(2, 'blur', image, '--map', map, '-o', output(), '--offset', '-3');
  assert.match(stderr, /map\.tif: map pixel 0,0/);
  const clamped = await halotile('blur', image, '--map', map, '-o', output(), '--offset=-3', '--map-invalid', 'clamp');
  assert.equal(clamped.code, 0, clamped.stderr);
  rmSync(output());
});

const IMAGES: Readonly<Record<string, { write: (path: string) => void; says: RegExp[] }>> = {
  'that does not exist': { write: () => {}, says: [/cannot be opened|no such file/i] },
  'that is empty': { write: (path) => writeFileSync(path, ''), says: [/empty/] },
  'that is text': {
    write: (path) => writeFileSync(path, 'no picture, only words\n'),
    says: [/no image/, /TIFF, PNG/],
  },
  'that is a folder': { write: (path) => mkdirSync(path), says: [/regular file/] },
  'whose directories go round in a circle': {
    write: (path) => writeFileSync(path, buildTiff(tagsWith({}), { data: PIXELS, next: 'self' })),
    says: [/circular/],
  },
  'whose pixels lie past its end': {
    write: (path) => writeFileSync(path, buildTiff(tagsWith({ 273: { values: [4_000_000] } }), { data: PIXELS })),
    says: [/past the end/, /4000000/],
  },
  'whose tag lies past its end': {
    write: (path) => {
      const tags = tagsWith({ 258: { type: 3, values: [8, 8, 8], claimedOffset: 9_999_999 } });
      writeFileSync(path, buildTiff(tags, { data: PIXELS }));
    },
    says: [/past the end/],
  },
  'that unpacks to a thousand times its bytes and more': {
    write: (path) => {
      const data = deflateSync(PIXELS, { level: 9 }).subarray(0, 20);
      const tags = tagsWith({ 259: { values: [8] }, 279: { values: [data.length] } });
      writeFileSync(path, buildTiff(tags, { data }));
    },
    says: [/30000/, /exhaust memory/],
  },
  'that unpacks to more pixels than it has': {
    write: (path) => {
      const data = deflateSync(new Uint8Array(1 << 22), { level: 9 });
      const tags = tagsWith({ 259: { values: [8] }, 279: { values: [data.length] } });
      writeFileSync(path, buildTiff(tags, { data }));
    },
    says: [/block 0/],
  },
  'of signed samples': {
    write: (path) => writeFileSync(path, buildTiff(tagsWith({ 339: { values: [2] } }), { data: PIXELS })),
    says: [/sample/i, /339|signed|int/],
  },
  'of 64-bit samples': {
    write: (path) => writeFileSync(path, buildTiff(tagsWith({ 258: { values: [64] } }), { data: PIXELS })),
    says: [/64/],
  },
  'under an unknown compression': {
    write: (path) => writeFileSync(path, buildTiff(tagsWith({ 259: { values: [34887] } }), { data: PIXELS })),
    says: [/compression 34887/, /gdal_translate/],
  },
};

for (const [name, { write, says }] of Object.entries(IMAGES)) {
  test(`an image ${name} is refused`, async () => {
    const path = join(folder, 'bad-image.tif');
    rmSync(path, { recursive: true, force: true });
    write(path);
    await refusedFile('image', path, ...says);
  });
}

test('an image cut at any boundary of its structure is refused', async (t) => {
  const whole = join(folder, 'whole.tif');
  writeImage(whole, { tile: 64, deflate: true });
  const bytes = readFileSync(whole);
  const directory = bytes.readUInt32LE(4);
  const cuts: Readonly<Record<string, number>> = {
    'in the signature': 3,
    'in the header': 6,
    'after the header': 8,
    'in the first block': 40,
    'before the directory': directory,
    'in the directory': directory + 2 + 12 * 5 + 3,
    'before the values behind the directory': directory + 2 + 12 * bytes.readUInt16LE(directory) + 4,
    'one byte before its end': bytes.length - 1,
  };
  for (const [name, length] of Object.entries(cuts)) {
    await t.test(name, async () => {
      const path = join(folder, 'cut.tif');
      copyFileSync(whole, path);
      truncateSync(path, length);
      await refusedFile('image', path);
    });
  }
  await t.test('in a block of a file whose directory comes first', async () => {
    // What a broken-off copy of a file with its directory in front looks like.
    const path = join(folder, 'cut-data.tif');
    const spec = { image, map, output: path, operations: [{ name: 'box' }], block: 64 } satisfies JobSpecInput;
    await runEngine(spec);
    truncateSync(path, readFileSync(path).length - 100);
    await refusedFile('image', path, /block \d+ at byte \d+/, /copy it again/);
  });
});

test('a block that is damaged inside fails the job, which leaves nothing', async () => {
  const path = join(folder, 'damaged.tif');
  writeImage(path, { tile: 64, deflate: true });
  const bytes = readFileSync(path);
  bytes.fill(0xff, 60, 90);
  writeFileSync(path, bytes);
  await refusedFile('image', path, /block 0/);
});

test('an output that is an input is refused under every name of it', async () => {
  const alias = join(folder, 'alias.tif');
  linkSync(map, alias);
  for (const path of [image, map, alias, join(folder, '.', 'image.tif')]) {
    const before = readFileSync(path);
    const { stderr } = await refused(2, 'blur', image, '--map', map, '-o', path);
    assert.match(stderr, /the output is also an input; choose another output/);
    assert.ok(readFileSync(path).equals(before));
  }
});

const OPTIONS: Readonly<Record<string, { args: string[]; says: RegExp[] }>> = {
  'an unknown operation': { args: ['process', '--op', 'swirl'], says: [/swirl/, /box/] },
  'an unknown parameter': { args: ['process', '--op', 'box:diameter=3'], says: [/diameter/] },
  'a parameter out of range': { args: ['process', '--op', 'box:radius=-3'], says: [/radius/] },
  'an unknown border in an operation': { args: ['process', '--op', 'box:border=wrap'], says: [/wrap/, /reflect/] },
  'an operation that needs a map': { args: ['process', '--op', 'box'], says: [/map/] },
  'a tile that is no multiple of its block': {
    args: ['blur', '--map', 'MAP', '--tile', '1000'],
    says: [/--tile 1000/, /--tile 1024/],
  },
  'a small tile that is no multiple of 16': {
    args: ['blur', '--map', 'MAP', '--tile', '100'],
    says: [/--tile 100/, /--tile 112/],
  },
  'a radius wider than the tile': {
    args: ['blur', '--map', 'MAP', '--tile', '32', '--scale', '9'],
    says: [/54 pixels beyond a tile of 32/, /--tile 64/, /--max-radius 32/],
  },
  'a codec for other samples': {
    args: ['blur', '--map', 'MAP', '--compression', 'jpeg', '--dtype', 'uint16'],
    says: [/jpeg/, /uint16/, /deflate/],
  },
  'a level that the codec does not have': {
    args: ['blur', '--map', 'MAP', '--level', '12'],
    says: [/level 12/, /9/],
  },
  'nodata of a wrong number of channels': {
    args: ['blur', '--map', 'MAP', '--nodata', '1,2'],
    says: [/--nodata/, /3/],
  },
  'nodata that the type does not have': {
    args: ['blur', '--map', 'MAP', '--nodata', '300'],
    says: [/300/, /uint8/],
  },
  'too little memory': { args: ['blur', '--map', 'MAP', '--memory', '64'], says: [/MiB/, /--memory/] },
};

const hasZstd = 'zstdCompressSync' in zlib;

test('a codec that this Node lacks is refused', { skip: hasZstd && 'this Node has ZSTD' }, async () => {
  const { stderr } = await refused(2, 'blur', image, '--map', map, '-o', output(), '--compression', 'zstd');
  assert.match(stderr, /no ZSTD compression/);
  assert.match(stderr, /--compression deflate/);
});

for (const [name, { args, says }] of Object.entries(OPTIONS)) {
  test(`${name} is refused`, async () => {
    const [command, ...flags] = args.map((arg) => (arg === 'MAP' ? map : arg));
    const { stderr } = await refused(2, command!, image, ...flags, '-o', output());
    for (const pattern of says) assert.match(stderr, pattern);
  });
}

test('flags that the command line itself refuses end with 2 and name the flag', async () => {
  for (const [flag, value] of [
    ['--border', 'wrap'],
    ['--dtype', 'int7'],
    ['--tile', 'big'],
    ['--kernel', 'swirl'],
  ] as const) {
    const result = await halotile('blur', image, '--map', map, '-o', output(), flag, value);
    assert.equal(result.code, 2);
    assert.ok(result.stderr.includes(flag) && result.stderr.includes(value), result.stderr);
    assert.deepEqual(readdirSync(outputs), []);
  }
});

test('an output that has no place fails with 1', async () => {
  const missing = join(folder, 'nowhere', 'out.tif');
  const { stderr } = await refused(1, 'blur', image, '--map', map, '-o', missing);
  assert.match(stderr, /nowhere: the output directory does not exist/);
});

const root = process.getuid?.() === 0;

test('an output folder that may not be written fails with 1', { skip: root && 'root may write anywhere' }, async () => {
  const locked = join(folder, 'locked');
  mkdirSync(locked);
  chmodSync(locked, 0o555);
  const { stderr } = await refused(1, 'blur', image, '--map', map, '-o', join(locked, 'out.tif'));
  assert.match(stderr, /not writable/);
});

const DISK_BYTES = 3 << 20;
const disk = tinyDisk(DISK_BYTES);

test('a full disk fails with 1, leaves the output as it was, and the job goes on once there is room', {
  skip: disk === undefined && 'no right to mount a small file system',
}, async (t) => {
  const target = join(disk!, 'out.tif');
  const filler = join(disk!, 'filler');
  // Noise, which no codec makes smaller.
  const next = noise(3);
  const noisy = join(folder, 'noisy.tif');
  const size = { width: 800, height: 700 };
  writeTiff(
    noisy,
    imageOf(size, { dtype: 'uint8', channels: 3 }, () => next(256)),
  );
  const still = join(folder, 'still.tif');
  writeTiff(
    still,
    imageOf(size, { dtype: 'uint8', channels: 1 }, () => 0),
  );
  const args = ['blur', noisy, '--map', still, '-o', target, '--block', '128', '--tile', '128'];
  const reset = () => {
    for (const name of readdirSync(disk!)) rmSync(join(disk!, name), { recursive: true });
    writeFileSync(target, 'the output of before');
  };

  await t.test('found before any work', async () => {
    reset();
    writeFileSync(filler, new Uint8Array(DISK_BYTES / 2));
    const { stderr } = await refused(1, ...args);
    assert.match(stderr, /needs about \d+ MiB and \d+ MiB are free/);
    assert.deepEqual(readdirSync(disk!).sort(), ['filler', 'out.tif']);
  });

  // Part files and the file together take nearly twice the pixels: the disk fills up during assembly.
  await t.test('during assembly', async () => {
    reset();
    const { stderr } = await refused(1, ...args);
    assert.match(stderr, /the disk is full; make room, then run the same command again/);
    assert.equal(readFileSync(target, 'utf8'), 'the output of before');
    assert.ok(existsSync(`${target}.partial`));
  });

  await t.test('while tiles are written', async () => {
    reset();
    const spec: JobSpecInput = {
      image: noisy,
      map: still,
      output: target,
      operations: [{ name: 'box' }],
      block: 128,
      tile: 128,
    };
    let filled = false;
    const onProgress = ({ tilesDone }: { tilesDone: number }) => {
      if (tilesDone < 5 || filled) return;
      filled = true;
      fill(filler);
    };
    await assert.rejects(runEngine(spec, { onProgress }), { tag: 'output-failed', message: /the disk is full/ });
    assert.equal(readFileSync(target, 'utf8'), 'the output of before');
    rmSync(filler);
    // A larger disk, with all that was committed.
    const larger = join(folder, 'larger');
    cpSync(disk!, larger, { recursive: true });
    const result = await runEngine({ ...spec, output: join(larger, 'out.tif') });
    assert.ok(result.tiles.resumed >= 5);
    const expected = await runEngine({ ...spec, output: join(folder, 'undisturbed.tif') });
    assert.equal(result.crc, expected.crc);
    assert.ok(readFileSync(join(larger, 'out.tif')).equals(readFileSync(join(folder, 'undisturbed.tif'))));
  });
});

/** Writes a file until there is no room left. */
function fill(path: string): void {
  const piece = new Uint8Array(4096);
  try {
    for (;;) appendFileSync(path, piece);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

for (const which of ['image', 'map'] as const) {
  test(`an ${which} that changes while it is read fails the job and leaves the output as it was`, async () => {
    const copies = { image: join(folder, 'changing-image.tif'), map: join(folder, 'changing-map.tif') };
    copyFileSync(image, copies.image);
    copyFileSync(map, copies.map);
    const target = join(folder, 'changing.tif');
    writeFileSync(target, 'the output of before');
    const spec: JobSpecInput = { ...copies, output: target, operations: [{ name: 'box' }], tile: 32, block: 16 };
    let changed = false;
    const onProgress = ({ tilesDone }: { tilesDone: number }) => {
      if (tilesDone < 3 || changed) return;
      changed = true;
      utimesSync(copies[which], new Date(0), new Date(0));
    };
    await assert.rejects(runEngine(spec, { onProgress }), (error: Error) => {
      assert.ok(error.message.includes(copies[which]));
      assert.match(error.message, /changed while it was read/);
      return true;
    });
    assert.equal(readFileSync(target, 'utf8'), 'the output of before');
    assert.equal(existsSync(`${target}.partial`), false);
  });
}
