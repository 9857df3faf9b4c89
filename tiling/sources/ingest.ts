import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Metadata } from 'sharp';
import { loadSharp } from '../codecs/load-sharp.js';
import { badInput, HalotileError } from '../errors.js';
import type { DType } from '../raster/dtype.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { carriedFromMetadata } from './carried-metadata.js';
import { assertUnchanged, type Fingerprint, fingerprintOf } from './fingerprint.js';
import { openTiffSource, type TiffFileSource } from './tiff-file-source.js';

/** The scratch file's tiles: small enough for any cache, large enough for few reads. */
const SCRATCH_BLOCK = 512;
/** As for TIFF files. */
const MAX_SIDE = 10_000_000;
/** Part of the scratch file's name: changes whenever its pixels would. */
const INGEST_VERSION = 1;

const DTYPE_OF_DEPTH: Readonly<Record<string, DType>> = { uchar: 'uint8', ushort: 'uint16' };
/** libvips' names of what comes out unchanged when it is also asked for. */
const COLOUR_SPACES: ReadonlySet<string> = new Set(['b-w', 'grey16', 'srgb', 'rgb16', 'rgb', 'multiband']);
/** Pictures without pixels of their own. */
const VECTOR_FORMATS: ReadonlySet<string> = new Set(['svg', 'pdf']);

/**
 * Copies an image that has no random access (PNG, JPEG, WebP, a TIFF of one huge compressed strip, anything that
 * libvips reads) once into an uncompressed tiled BigTIFF in `scratchDirectory` and opens that. Pixels are as
 * stored: no colour profile and no orientation is applied, 16 bits stay 16 bits; palettes and 1-bit pictures
 * become 8 bits. The picture streams through in a few rows at a time, as far as its own format lets it. A
 * scratch file of an earlier run is used again where the input is still the same.
 * @param known the description that a TIFF gave of itself; other formats are asked here
 * @throws bad-input where it cannot be read, output-failed where the scratch folder cannot take it
 */
export async function ingest(path: string, scratchDirectory: string, known?: RasterInfo): Promise<TiffFileSource> {
  const fingerprint = fingerprintOf(path);
  const info = known ?? (await describePicture(path));
  const target = join(scratchDirectory, scratchName(path, fingerprint));
  if (!existsSync(target)) await copyToTiles(path, target, scratchDirectory, info);
  assertUnchanged(path, fingerprint);
  const source = openTiffSource(target, { info });
  const { width, height, channels, dtype } = source.storedInfo;
  if (width !== info.width || height !== info.height || channels !== info.channels || dtype !== info.dtype) {
    source.close();
    throw badInput({
      what: `decoded to ${width}×${height}×${channels} ${dtype}`,
      where: path,
      expected: `${info.width}×${info.height}×${info.channels} ${info.dtype} as its header says`,
      remedy: 'convert it to TIFF first',
    });
  }
  return source;
}

/**
 * What a picture other than TIFF says of itself in its header.
 * @throws bad-input for what is no picture, or would not keep its samples on the way through libvips
 */
export async function describePicture(path: string): Promise<RasterInfo> {
  let metadata: Metadata;
  try {
    metadata = await (await loadSharp())(path, { limitInputPixels: false }).metadata();
  } catch (cause) {
    throw badInput(
      {
        what: `no image that can be read: ${firstLine(cause)}`,
        where: path,
        expected: 'TIFF, PNG, JPEG, WebP or another format of libvips',
      },
      cause,
    );
  }
  const { width, height, channels, space, depth, format, hasAlpha } = metadata;
  if (VECTOR_FORMATS.has(format)) throw badInput({ what: `a ${format} picture`, where: path, expected: 'pixels' });
  const dtype = DTYPE_OF_DEPTH[depth];
  if (dtype === undefined || !COLOUR_SPACES.has(space)) {
    throw badInput({
      what: `${depth} samples in colour space ${space}`,
      where: path,
      expected: '8 or 16-bit grey or RGB',
      remedy: 'convert it: vips colourspace IN OUT.tif srgb',
    });
  }
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw badInput({ what: `${width}×${height} pixels`, where: path, expected: `sides up to ${MAX_SIDE}` });
  }
  return {
    width,
    height,
    channels,
    dtype,
    alpha: hasAlpha ? 'unassociated' : 'none',
    photometric: channels < 3 ? 1 : 2,
    carried: carriedFromMetadata(metadata),
  };
}

async function copyToTiles(path: string, target: string, scratchDirectory: string, info: RasterInfo): Promise<void> {
  const part = `${target}.${process.pid}.part`;
  const grey = info.channels < 3;
  const space = info.dtype === 'uint16' ? (grey ? 'grey16' : 'rgb16') : grey ? 'b-w' : 'srgb';
  try {
    mkdirSync(scratchDirectory, { recursive: true });
    checkRoom(scratchDirectory, info);
    // The header's size was checked above, so that libvips' own limits may go.
    await (await loadSharp())(path, { limitInputPixels: false, unlimited: true, sequentialRead: true, ignoreIcc: true })
      .pipelineColourspace(space)
      .toColourspace(space)
      .tiff({ compression: 'none', predictor: 'none', bigtiff: true, tile: true, ...TILE })
      .toFile(part);
    renameSync(part, target);
  } catch (cause) {
    rmSync(part, { force: true });
    if (cause instanceof HalotileError) throw cause;
    const what = firstLine(cause);
    if (/no space|EACCES|EROFS|ENOENT|ENOTDIR|ENOSPC|EDQUOT|write error/i.test(what)) {
      throw new HalotileError(
        'output-failed',
        { what: `the scratch file cannot be written: ${what}`, where: scratchDirectory, remedy: 'free space there' },
        { cause },
      );
    }
    throw badInput(
      { what: `cannot be decoded: ${what}`, where: path, remedy: 'the file is truncated or damaged: copy it again' },
      cause,
    );
  }
}

const TILE = { tileWidth: SCRATCH_BLOCK, tileHeight: SCRATCH_BLOCK } as const;

/** Refuses a picture that the folder's file system cannot hold before anything is decoded. */
function checkRoom(directory: string, { width, height, channels, dtype }: RasterInfo): void {
  const whole = (side: number) => Math.ceil(side / SCRATCH_BLOCK) * SCRATCH_BLOCK;
  const bytes = whole(width) * whole(height) * channels * SAMPLE_BYTES[dtype];
  const { bavail, bsize } = statfsSync(directory);
  if (bytes <= bavail * bsize) return;
  throw new HalotileError('over-limit', {
    what: `${width}×${height} pixels need ${bytes} bytes of scratch space, ${bavail * bsize} are free`,
    where: directory,
    expected: 'enough room for the uncompressed image',
    remedy: 'free space or give another scratch folder',
  });
}

function scratchName(path: string, fingerprint: Fingerprint): string {
  const state = JSON.stringify([INGEST_VERSION, path, fingerprint.size, fingerprint.mtimeNs, fingerprint.inode]);
  return `ingest-${createHash('sha256').update(state).digest('hex').slice(0, 24)}.tif`;
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n')[0] ?? text;
}
