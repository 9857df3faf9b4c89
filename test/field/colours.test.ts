import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join, parse } from 'node:path';
import { before, test } from 'node:test';
import sharp from 'sharp';
import { runCollection } from '../../library/calls.js';
import type { CollectionSpecInput } from '../../tiling/job/collection-spec.js';
import { bytesOf } from '../../tiling/raster/dtype.js';
import { GDAL_MISSING, gdalPixels } from '../support/gdal.js';
import { missingCommands } from '../support/installed.js';
import { readLevels } from '../support/output-levels.js';
import { missingModules, pythonJson } from '../support/python.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const skip =
  missingModules('tifffile', 'imagecodecs', 'scipy', 'PIL.ImageCms') ||
  GDAL_MISSING ||
  missingCommands(['vips', '--version']);

/** Files in CMYK and L*a*b*, with what other readers make of them beside them as NAME.raw, NAME.rgb, NAME.box. */
const WRITE = `
import sys, io, json, subprocess
import numpy as np, tifffile, imagecodecs
from scipy import ndimage
from PIL import Image, ImageCms
folder = sys.argv[1]
profile = open(folder + '/cmyk.icc', 'rb').read()
rng = np.random.default_rng(3)
H, W = 150, 333

def smooth(channels, top):
    image = ndimage.gaussian_filter(rng.uniform(0, 1, (H, W, channels)), (6, 6, 0))
    low, high = image.min((0, 1)), image.max((0, 1))
    return (image - low) / (high - low) * top

inks = smooth(4, 255).astype('u1')
wide = smooth(4, 65535).astype('u2')
srgb = ImageCms.createProfile('sRGB')

def by_profile(inks):
    transform = ImageCms.buildTransform(ImageCms.ImageCmsProfile(io.BytesIO(profile)), srgb, 'CMYK', 'RGB', 0)
    return np.asarray(ImageCms.applyTransform(Image.frombytes('CMYK', (W, H), inks.tobytes()), transform))

def save(name, image, **options):
    tifffile.imwrite(f'{folder}/{name}.tif', image, metadata=None, **options)
    tifffile.imread(f'{folder}/{name}.tif').tofile(f'{folder}/{name}.raw')

save('cmyk', inks, photometric='separated', rowsperstrip=37)
save('cmyk16', wide, photometric='separated', tile=(64, 64), compression='deflate', predictor=True)
save('planes', np.moveaxis(inks, -1, 0), photometric='separated', planarconfig='separate')
inks.tofile(f'{folder}/planes.raw')
save('profiled', inks, photometric='separated', iccprofile=profile, tile=(64, 64))
by_profile(inks).tofile(f'{folder}/profiled.rgb')
alpha = np.dstack([inks, smooth(1, 255).astype('u1')])
save('alpha', alpha, photometric='separated', extrasamples=['unassalpha'], iccprofile=profile)
np.dstack([by_profile(inks), alpha[..., 4]]).tofile(f'{folder}/alpha.rgb')
save('four', inks, photometric='minisblack', planarconfig='contig')
for name, photometric in (('jpeg', 'CMYK'), ('rgba', 'RGB')):
    options = ['COMPRESS=JPEG', 'TILED=YES', 'BLOCKXSIZE=64', 'BLOCKYSIZE=64', f'PHOTOMETRIC={photometric}', 'INTERLEAVE=PIXEL']
    flags = [flag for option in options for flag in ('-co', option)]
    subprocess.run(['gdal_translate', '-q', *flags, f'{folder}/four.tif', f'{folder}/{name}.tif'], check=True, capture_output=True)
    tifffile.imread(f'{folder}/{name}.tif').tofile(f'{folder}/{name}.raw')

def picture(name, data):
    open(f'{folder}/{name}.jpg', 'wb').write(data)
    image = Image.open(f'{folder}/{name}.jpg')
    assert image.mode == 'CMYK' and image.info.get('adobe'), image.info
    read = np.asarray(image)
    read.tofile(f'{folder}/{name}.raw')
    if 'icc_profile' in image.info: by_profile(read).tofile(f'{folder}/{name}.rgb')
    else: ((255 - read[..., :3].astype(int)) * (255 - read[..., 3:].astype(int)) // 255).astype('u1').tofile(f'{folder}/{name}.rgb')

for name, options in (('adobe', {}), ('adobe-icc', dict(icc_profile=profile))):
    stream = io.BytesIO()
    Image.fromarray(inks, 'CMYK').save(stream, 'jpeg', quality=95, **options)
    picture(name, stream.getvalue())
picture('ycck', imagecodecs.jpeg8_encode(255 - inks, level=95, colorspace='CMYK', outcolorspace='YCCK'))

def box(image, radius=2):
    padded = np.pad(image.astype('i8'), ((radius, radius), (radius, radius), (0, 0)), mode='symmetric')
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 2, (0, 1))
    n = (2 * radius + 1) ** 2
    return (2 * windows.sum((-1, -2)) + n) // (2 * n)

lab = np.dstack([smooth(1, 255), smooth(2, 160) - 80]).round().astype('i8')
for bits, kind, scale in ((8, 'i1', 1), (16, 'i2', 256)):
    values = np.dstack([lab[..., 0] * (257 if bits == 16 else 1), lab[..., 1:] * scale])
    stored = values.astype('u8').astype(kind.replace('i', 'u'))
    for name, options in (('lab', {}), ('packed', dict(compression='deflate', predictor=True, tile=(64, 64)))):
        save(f'{name}{bits}', stored, photometric='cielab', **options)
    if bits == 8: stored8 = stored
    mean = box(values)
    mean.astype('u8').astype(stored.dtype).tofile(f'{folder}/lab{bits}.box')
    offset = np.dstack([stored[..., 0], (values[..., 1:] + (1 << bits - 1))]).astype(stored.dtype)
    if bits == 16: offset[..., 0] = np.round(lab[..., 0] / 255 * 0xff00)
    save(f'icclab{bits}', offset, photometric='icclab')
save('broken', inks, photometric='separated', iccprofile=profile[:len(profile) // 2])
save('deep', inks.astype('u2') * 257, photometric='separated', iccprofile=profile)
save('labfloat', np.dstack([lab[..., 0] / 2.55, lab[..., 1:]]).astype('f4'), photometric='cielab')
# libvips takes every white for D65, and integers with less precision than floats.
save('white8', stored8, photometric='cielab', extratags=[(318, 5, 2, (3127, 10000, 3290, 10000), True)])
subprocess.run(['vips', 'colourspace', f'{folder}/labfloat.tif', f'{folder}/white.v', 'srgb'], check=True)
subprocess.run(['vips', 'rawsave', f'{folder}/white.v', f'{folder}/white8.rgb'], check=True)
save('labplanes', np.moveaxis(lab.astype('u8').astype('u1'), -1, 0), photometric='cielab', planarconfig='separate')
np.moveaxis(tifffile.imread(f'{folder}/labplanes.tif'), 0, -1).tofile(f'{folder}/labplanes.raw')
# Otherwise it goes by a coarse table.
exact = ImageCms.Flags.NOOPTIMIZE
transform = ImageCms.buildTransform(ImageCms.createProfile('LAB'), srgb, 'LAB', 'RGB', 1, exact)
open(f'{folder}/lab.rgb', 'wb').write(ImageCms.applyTransform(Image.open(f'{folder}/lab8.tif'), transform).tobytes())
json.dump('written', sys.stdout)`;

before(async () => {
  if (skip !== false) return;
  // The profile that libvips has built in, taken out of a picture.
  const pixel = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
  const picture = await pixel.toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer();
  writeFileSync(at('cmyk.icc'), (await sharp(picture).metadata()).icc!);
  pythonJson(WRITE, folder);
});

/** Filters files of the folder in one process, each into a file of its own. */
async function filterAll(names: readonly string[], options: Partial<CollectionSpecInput> = {}): Promise<void> {
  await runCollection({
    images: names.map((name) => ({ image: at(name), output: outputOf(name) })),
    output: at('out'),
    operations: [{ name: 'box', params: { radius: 0 } }],
    overviews: false,
    ...options,
  });
}

const outputOf = (name: string) => at(`out/${name.replace('.', '-')}.tif`);

/** Photometric interpretation and pixels as tifffile reads them: those of CIELab as they are stored. */
function readBack(names: readonly string[]): readonly { readonly photometric: number; readonly pixels: Uint8Array }[] {
  const script = `
import sys, json, tifffile
found = []
for path in sys.argv[1:]:
    with tifffile.TiffFile(path) as file:
        file.asarray().tofile(path + '.raw')
        found.append(int(file.pages[0].photometric))
json.dump(found, sys.stdout)`;
  const paths = names.map(outputOf);
  const found = pythonJson(script, ...paths) as number[];
  return paths.map((path, i) => ({ photometric: found[i]!, pixels: new Uint8Array(readFileSync(`${path}.raw`)) }));
}

const raw = (name: string) => new Uint8Array(readFileSync(at(name)));

function assertNear(name: string, got: Uint8Array, wanted: Uint8Array, bound: number): void {
  assert.equal(got.length, wanted.length, name);
  for (const [i, value] of got.entries()) {
    if (Math.abs(value - wanted[i]!) > bound) assert.fail(`${name}: ${value} for ${wanted[i]} at ${i}`);
  }
}

const STORED: Readonly<Record<string, number>> = {
  ...{ 'cmyk.tif': 5, 'cmyk16.tif': 5, 'planes.tif': 5, 'profiled.tif': 5, 'alpha.tif': 5, 'jpeg.tif': 5 },
  ...{ 'rgba.tif': 2, 'adobe.jpg': 5, 'ycck.jpg': 5 },
  ...{ 'lab8.tif': 8, 'lab16.tif': 8, 'packed8.tif': 8, 'packed16.tif': 8, 'labplanes.tif': 8 },
  ...{ 'labfloat.tif': 8, 'white8.tif': 8 },
  ...{ 'icclab8.tif': 9, 'icclab16.tif': 9 },
};

for (const codec of ['deflate', 'none'] as const) {
  test(`colours are filtered as they are stored, and come out the same (${codec})`, { skip }, async () => {
    const names = Object.keys(STORED);
    await filterAll(names, { compression: { codec } });
    for (const [i, { photometric, pixels }] of readBack(names).entries()) {
      const name = names[i]!;
      assert.equal(photometric, STORED[name], name);
      assertNear(name, pixels, raw(name.replace(/\.\w+$/, '.raw')), name === 'ycck.jpg' ? 2 : 0);
    }
  });
}

test('means of a* and b* are those of numbers with a sign', { skip }, async () => {
  const names = ['lab8.tif', 'lab16.tif'];
  await filterAll(names, { operations: [{ name: 'box', params: { radius: 2 } }] });
  for (const [i, { pixels }] of readBack(names).entries()) {
    assert.deepEqual(pixels, raw(names[i]!.replace('.tif', '.box')), names[i]);
  }
});

const OF_LAB = ['lab8.tif', 'packed8.tif', 'labplanes.tif', 'icclab8.tif', 'lab16.tif', 'icclab16.tif'];
const OF_INKS = ['profiled.tif', 'alpha.tif', 'adobe-icc.jpg', 'adobe.jpg', 'ycck.jpg'];

test('--colour rgb: as GDAL without a profile, as Pillow by one, as Little CMS of L*a*b*', { skip }, async () => {
  await filterAll(['cmyk.tif', 'white8.tif', ...OF_INKS, ...OF_LAB], { colour: 'rgb' });
  assert.deepEqual(gdalPixels(outputOf('cmyk.tif')), gdalPixels(at('cmyk.tif'), '-b', '1', '-b', '2', '-b', '3'));
  for (const [i, { photometric, pixels }] of readBack(OF_INKS).entries()) {
    assert.equal(photometric, 2);
    assertNear(OF_INKS[i]!, pixels, raw(OF_INKS[i]!.replace(/\.\w+$/, '.rgb')), 2);
  }
  assertNear('white8', readBack(['white8.tif'])[0]!.pixels, raw('white8.rgb'), 1);
  for (const name of OF_LAB) {
    const [level] = await readLevels(outputOf(name));
    const pixels = name.endsWith('16.tif')
      ? Uint8Array.from(level!.samples as Uint16Array, (value) => Math.round(value / 257))
      : bytesOf(level!.samples);
    assertNear(name, pixels, raw('lab.rgb'), 1);
  }
});

test('what cannot become RGB, or would be no picture, is said in one sentence', { skip }, async () => {
  const refused = async (name: string, to: string, pattern: RegExp, ...flags: string[]) => {
    const { code, stderr } = await halotile('process', at(name), '-o', at(to), '--quiet', ...flags);
    assert.equal(code, 2);
    assert.match(stderr, pattern);
    assert.equal(stderr.split('\n').length, 2);
  };
  const IDENTITY = ['--op', 'box:radius=0'];
  await refused('labfloat.tif', 'out.tif', /samples of float32.*uint8 or uint16/, ...IDENTITY, '--colour', 'rgb');
  await refused(
    'broken.tif',
    'out.tif',
    /its colour profile cannot be used: it has \d+ of/,
    ...IDENTITY,
    '--colour',
    'rgb',
  );
  await refused('deep.tif', 'out.tif', /CMYK of 16 bits.*icc_transform/, ...IDENTITY, '--colour', 'rgb');
  await refused('lab8.tif', 'out.png', /channels that are not RGB.*use --colour rgb/, ...IDENTITY);
  await refused('cmyk.tif', 'out.tif', /'palette'.*use --colour rgb/, '--op', 'palette:colours=#000000 #ffffff');
});

test('inspect says what colours there are and what becomes of them', { skip }, async () => {
  for (const [name, pattern] of [
    ['cmyk.tif', /CMYK\n.*colours +filtered as channels; --colour rgb makes them RGB, by \(1 − ink\)/s],
    ['profiled.tif', /by its ICC profile/],
    ['lab8.tif', /CIE L\*a\*b\*/],
  ] as const) {
    assert.match((await halotile('inspect', at(name))).stdout, pattern);
  }
  assert.doesNotMatch((await halotile('inspect', at('deep.tif'))).stdout, /--colour/);
});

test('frames in CMYK and L*a*b* are the colours that images are', { skip }, async () => {
  const frames = { 'profiled.tif': 'profiled.rgb', 'adobe-icc.jpg': 'adobe-icc.rgb', 'lab8.tif': 'lab.rgb' };
  const size = { width: 24, height: 16 };
  // Every colour is kept.
  const flags = ['--method', 'threshold', '--threshold', '0', '--size', `${size.width}x${size.height}`, '--quiet'];
  const { code, stderr } = await halotile('palette', ...Object.keys(frames).map(at), '-o', at('palettes'), ...flags);
  assert.equal(code, 0, stderr);
  const character = basename(folder);
  for (const [name, wanted] of Object.entries(frames)) {
    const { data } = await sharp(at(`palettes/${character}/${parse(name).name}.png`))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    assertNear(name, data, sampled(raw(wanted), size), 2);
  }
});

/** The nearest downscale of 333×150 pixels. */
function sampled(rgb: Uint8Array, { width, height }: { readonly width: number; readonly height: number }): Uint8Array {
  const result = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (Math.floor(((y + 0.5) * 150) / height) * 333 + Math.floor(((x + 0.5) * 333) / width)) * 3;
      result.set(rgb.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return result;
}
