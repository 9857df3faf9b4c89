import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { GDAL_MISSING, gdalInfo } from '../support/gdal.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTiff } from '../support/tiff-file.js';

const skip = GDAL_MISSING;
const folder = scratchFolder();
const input = join(folder, 'in.tif');
const output = join(folder, 'out.tif');
const random = noise(5);
writeTiff(
  input,
  imageOf({ width: 640, height: 520 }, { dtype: 'uint8', channels: 1 }, () => random(256)),
);

async function filter(radius: number): Promise<string> {
  const flags = ['--op', `box:radius=${radius}`, '--no-overviews', '--quiet'];
  const { code, stderr } = await halotile('process', input, '-o', output, ...flags);
  assert.equal(code, 0, stderr);
  return stderr;
}

function gdal(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** Band 1 as GDAL describes it. */
const band = () =>
  gdalInfo(output).bands[0]! as ReturnType<typeof gdalInfo>['bands'][number] & { overviews?: object[] };

beforeEach(async () => {
  for (const name of readdirSync(folder)) if (name.startsWith('out.tif')) rmSync(join(folder, name));
  if (skip === false) await filter(0);
});

test('statistics of the pixels that were there are not those of the new ones', { skip }, async () => {
  gdal('gdalinfo', '-stats', '-hist', output);
  assert.ok(existsSync(`${output}.aux.xml`));
  assert.equal(band().metadata?.['']?.STATISTICS_MAXIMUM, '255');
  assert.equal(await filter(9), '');
  assert.ok(!existsSync(`${output}.aux.xml`), 'it held nothing else');
  assert.equal(band().metadata?.['']?.STATISTICS_MAXIMUM, undefined);
  gdal('gdalinfo', '-stats', output);
  assert.ok(Number(band().metadata?.['']?.STATISTICS_MAXIMUM) < 200);
});

test('what people wrote beside the statistics stays, and is named', { skip }, async () => {
  gdal('gdalinfo', '-stats', output);
  const aux = `${output}.aux.xml`;
  const own = '  <Metadata>\n    <MDI key="SITE">Küste 7</MDI>\n  </Metadata>\n';
  writeFileSync(aux, readFileSync(aux, 'utf8').replace('<PAMDataset>\n', `<PAMDataset>\n${own}`));
  assert.match(await filter(9), /^halotile: \S+out\.tif\.aux\.xml: is read by GDAL before [^\n]+\n$/);
  assert.equal(gdalInfo(output).metadata['']?.SITE, 'Küste 7');
  assert.equal(band().metadata?.['']?.STATISTICS_MAXIMUM, undefined);
});

test('overviews of the pixels that were there are kept under another name', { skip }, async () => {
  gdal('gdaladdo', '-q', '-ro', output, '2');
  assert.equal(band().overviews?.length, 1);
  const bytes = readFileSync(`${output}.ovr`);
  assert.match(
    await filter(9),
    /out\.tif\.ovr: described the pixels that were there before; it is called \S+out\.tif\.ovr\.old now\n$/,
  );
  assert.equal(band().overviews, undefined);
  assert.deepEqual(readFileSync(`${output}.ovr.old`), bytes);
  gdal('gdaladdo', '-q', '-ro', output, '2');
  await filter(9);
  assert.ok(existsSync(`${output}.ovr.old2`), 'nothing that was kept is replaced');
});

test('a mask of the pixels that were there hides none of the new ones', { skip }, async () => {
  gdal(
    'gdal_translate',
    '-q',
    '-mask',
    '1',
    '--config',
    'GDAL_TIFF_INTERNAL_MASK',
    'NO',
    input,
    join(folder, 'out.tif'),
  );
  assert.ok(existsSync(`${output}.msk`));
  assert.deepEqual(band().mask?.flags, ['PER_DATASET']);
  await filter(9);
  assert.ok(existsSync(`${output}.msk.old`));
  assert.equal(band().mask?.flags.includes('PER_DATASET') ?? false, false);
});

test('what lies beside an output and is no file of its own is left and named; nothing else is touched', async () => {
  symlinkSync(input, `${output}.ovr`);
  writeFileSync(`${output}.aux.xml.part`, 'mine');
  writeFileSync(
    `${output}.aux.xml`,
    '<PAMDataset>\n  <Metadata>\n    <MDI key="SITE">x</MDI>\n  </Metadata>\n</PAMDataset>\n',
  );
  assert.match(await filter(9), /out\.tif\.ovr: is a link, and may describe the pixels that were there before/);
  assert.ok(existsSync(`${output}.ovr`));
  assert.equal(readFileSync(`${output}.aux.xml.part`, 'utf8'), 'mine');
});

test('what lies beside the outputs of small images is settled and named too, with and without an output', async () => {
  const small = join(folder, 'small');
  mkdirSync(small);
  for (const name of ['a', 'b', 'c'])
    writeTiff(
      join(small, `${name}.tif`),
      imageOf({ width: 64, height: 48 }, { dtype: 'uint8', channels: 1 }, () => random(256)),
    );
  const many = join(folder, 'many');
  mkdirSync(many);
  writeFileSync(join(many, 'b.tif.ovr'), 'of other pixels');
  const { code, stderr } = await halotile(
    'process',
    small,
    '-o',
    join(many, '{name}.tif'),
    '--op',
    'median',
    '--quiet',
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^halotile: \S+many\/b\.tif\.ovr: described the pixels that were there before[^\n]+\n$/);
  assert.deepEqual(
    readdirSync(many)
      .filter((name) => name.startsWith('b'))
      .sort(),
    ['b.tif', 'b.tif.ovr.old'],
  );
});

test('what lies beside an input and GDAL reads as part of it is named: a mask, nodata, a place', { skip }, async () => {
  const plain = join(folder, 'plain.tif');
  gdal(
    'gdal_translate',
    '-q',
    '-of',
    'GTiff',
    '-a_nodata',
    '7',
    '-a_ullr',
    '0',
    '9',
    '9',
    '0',
    '-co',
    'PROFILE=BASELINE',
    input,
    plain,
  );
  assert.ok(existsSync(`${plain}.aux.xml`), 'a baseline TIFF has its nodata beside it');
  gdal('gdal_translate', '-q', '-b', 'mask', input, join(folder, 'plain.tif.msk'), '-of', 'GTiff');
  const said = async (...flags: string[]) => {
    const { code, stderr } = await halotile('process', plain, '-o', output, '--op', 'median', '--quiet', ...flags);
    assert.equal(code, 0, stderr);
    return [...stderr.matchAll(/(\S+): is not read, and [^\n]+gdal_translate/g)].map(([, path]) =>
      path!.slice(plain.length),
    );
  };
  assert.deepEqual(await said(), ['.msk', '.aux.xml', '.aux.xml']);
  assert.deepEqual(await said('--mask', 'ignore', '--nodata', '7'), ['.aux.xml']);
  rmSync(`${plain}.aux.xml`);
  rmSync(`${plain}.msk`);
  assert.deepEqual(await said(), []);
  writeFileSync(join(folder, 'plain.tfw'), '1\n0\n0\n-1\n5\n5\n');
  const { stderr } = await halotile('process', plain, '-o', output, '--op', 'median', '--quiet');
  assert.match(stderr, /plain\.tfw: is not read, and the output will not say where it lies/);
});
