import assert from 'node:assert/strict';
import { chmodSync, linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { refusals } from '../support/refusal.js';
import { halotile } from '../support/run-halotile.js';

const { folder, image, map, output, refused } = refusals();

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
  'an exact Gaussian wider than the tile': {
    args: ['blur', '--map', 'MAP', '--kernel', 'gaussian', '--quality', 'exact', '--tile', '32', '--scale', '4'],
    says: [/\d+ pixels beyond a tile of 32/, /--tile \d+/, /--max-radius \d+/],
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
  const { stderr } = await refused(2, 'blur', image, '--map', map, '-o', output, '--compression', 'zstd');
  assert.match(stderr, /no ZSTD compression/);
  assert.match(stderr, /--compression deflate/);
});

for (const [name, { args, says }] of Object.entries(OPTIONS)) {
  test(`${name} is refused`, async () => {
    const [command, ...flags] = args.map((arg) => (arg === 'MAP' ? map : arg));
    const { stderr } = await refused(2, command!, image, ...flags, '-o', output);
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
    const result = await halotile('blur', image, '--map', map, '-o', output, flag, value);
    assert.equal(result.code, 2);
    assert.ok(result.stderr.includes(flag) && result.stderr.includes(value), result.stderr);
    assert.deepEqual(readdirSync(dirname(output)), []);
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
