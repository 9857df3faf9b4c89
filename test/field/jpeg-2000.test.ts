import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { bytesOf } from '../../tiling/raster/dtype.js';
import { missingCommands, quietly } from '../support/installed.js';
import { readLevels } from '../support/output-levels.js';
import { missingModules, pythonJson } from '../support/python.js';
import { halotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';

const folder = scratchFolder();
const output = join(folder, 'out.tif');
const NO_WRITER = missingModules('tifffile', 'imagecodecs', 'scipy') || missingDecoder();
const NO_OPENSLIDE = NO_WRITER || missingCommands(['openslide-write-png', '--version'], ['vips', '--version']);

function missingDecoder(): string | false {
  try {
    createRequire(import.meta.url).resolve('@cornerstonejs/codec-openjpeg/decodewasmjs');
    return false;
  } catch {
    return 'not installed: npm ci brings @cornerstonejs/codec-openjpeg';
  }
}

/** Files of JPEG 2000 blocks by OpenJPEG, with the pixels that imagecodecs reads of them beside them as NAME.raw. */
const WRITE = `
import sys, json
import numpy as np, tifffile, imagecodecs, scipy.ndimage
folder = sys.argv[1]
rng = np.random.default_rng(5)
rgb = scipy.ndimage.gaussian_filter(rng.uniform(0, 255, (300, 400, 3)), (3, 3, 0))
rgb = ((rgb - rgb.min()) / (rgb.max() - rgb.min()) * 255).astype('u1')
wide = rng.integers(0, 65536, (300, 400), dtype='u2')
signed = rng.integers(-30000, 30000, (300, 400), dtype='i2')
r, g, b = np.moveaxis(rgb.astype(float), -1, 0)
ycbcr = np.stack([.299 * r + .587 * g + .114 * b, 128 - .168736 * r - .331264 * g + .5 * b,
                  128 + .5 * r - .418688 * g - .081312 * b], -1)
ycbcr = np.clip(np.rint(ycbcr), 0, 255).astype('u1')

def encode(block, **how):
    return imagecodecs.jpeg2k_encode(block, **{'level': 0, 'reversible': True, 'codecformat': 'j2k', **how})

def tiles(image, **how):
    for y in range(0, image.shape[0], 256):
        for x in range(0, image.shape[1], 256):
            block = np.zeros((256, 256) + image.shape[2:], image.dtype)
            part = image[y:y + 256, x:x + 256]
            block[:part.shape[0], :part.shape[1]] = part
            yield encode(block, **how)

def write(name, image, compression=34712, byteorder='<', description=None, **how):
    path = f'{folder}/{name}.tif'
    tifffile.imwrite(path, tiles(image, **how), shape=image.shape, dtype=image.dtype, tile=(256, 256), metadata=None,
        photometric='rgb' if image.ndim == 3 else 'minisblack', compression=compression, byteorder=byteorder,
        description=description)
    keep(name, path)

def keep(name, path):
    pixels = tifffile.imread(path)
    (pixels.astype('f4') if pixels.dtype == 'i2' else pixels).tofile(f'{folder}/{name}.raw')

aperio = 'Aperio Image Library v11.2.1\\n400x300 (256x256) J2K/KDU Q=70|AppMag = 20|MPP = 0.499'
write('rgb', rgb)
write('lossy', rgb, 33005, description=aperio, level=60, reversible=False)
write('boxed', rgb, codecformat='jp2')
write('uint16', wide)
write('turned', wide, byteorder='>')
write('int16', signed)
write('twelve', wide >> 4, bitspersample=12)
write('ycbcr', ycbcr, 33003, description=aperio, mct=False)
for name, options in (('planes', dict(planarconfig='separate', tile=(128, 128))), ('strips', dict(rowsperstrip=64))):
    image = np.moveaxis(rgb, -1, 0) if name == 'planes' else rgb
    tifffile.imwrite(f'{folder}/{name}.tif', image, photometric='rgb', compression='jpeg2000', metadata=None, **options)
    rgb.tofile(f'{folder}/{name}.raw')
json.dump('written', sys.stdout)`;

before(() => {
  if (!NO_WRITER) pythonJson(WRITE, folder);
});

/** Pixels of a file through the identity, as bytes. */
async function pixelsOf(name: string): Promise<Uint8Array> {
  const image = join(folder, `${name}.tif`);
  const flags = ['--op', 'box:radius=0', '--no-overviews', '--quiet'];
  const { code, stderr } = await halotile('process', image, '-o', output, ...flags);
  assert.equal(code, 0, stderr);
  return bytesOf((await readLevels(output))[0]!.samples);
}

for (const name of ['rgb', 'lossy', 'boxed', 'uint16', 'turned', 'int16', 'twelve', 'planes', 'strips']) {
  test(`JPEG 2000 in TIFF (${name}) has the pixels that imagecodecs reads`, { skip: NO_WRITER }, async () => {
    assert.deepEqual(await pixelsOf(name), new Uint8Array(readFileSync(join(folder, `${name}.raw`))));
  });
}

test("YCbCr of Aperio's scanners is the RGB of OpenSlide, within one level", { skip: NO_OPENSLIDE }, async () => {
  const [slide, raw] = [join(folder, 'slide.png'), join(folder, 'slide.raw')];
  quietly('openslide-write-png', [join(folder, 'ycbcr.tif'), '0', '0', '0', '400', '300', slide]);
  quietly('vips', ['rawsave', `${slide}`, raw]);
  const wanted = new Uint8Array(readFileSync(raw));
  const pixels = await pixelsOf('ycbcr');
  const step = wanted.length / (400 * 300);
  for (const [i, sample] of pixels.entries()) {
    const other = wanted[Math.floor(i / 3) * step + (i % 3)]!;
    assert.ok(Math.abs(sample - other) <= 1, `${sample} for ${other} at ${i}`);
  }
});
