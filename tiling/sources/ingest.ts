import type { Metadata } from 'sharp';
import { loadSharp } from '../codecs/load-sharp.js';
import { badInput, HalotileError } from '../errors.js';
import { openBytes } from '../places/open-bytes.js';
import { readWhole } from '../places/read-whole.js';
import { isUrl } from '../places/url.js';
import type { DType } from '../raster/dtype.js';
import { PHOTOMETRIC, type RasterInfo } from '../raster/raster-info.js';
import { readBytes } from '../tiff/random-bytes.js';
import { carriedFromMetadata } from './carried-metadata.js';
import { pngPictures } from './png-pictures.js';
import { firstLine, openScratchCopy, SCRATCH_BLOCK } from './scratch-file.js';
import type { TiffFileSource } from './tiff-file-source.js';

/** Bytes of a picture at a URL, which is held whole while it is decoded. */
const MAX_REMOTE_BYTES = 256 << 20;
/** As for TIFF files. */
const MAX_SIDE = 10_000_000;

const DTYPE_OF_DEPTH: Readonly<Record<string, DType>> = { uchar: 'uint8', ushort: 'uint16' };
/** libvips' names of what comes out unchanged when it is also asked for. */
const COLOUR_SPACES: ReadonlySet<string> = new Set(['b-w', 'grey16', 'srgb', 'rgb16', 'rgb', 'multiband', 'cmyk']);
/** Pictures without pixels of their own. */
const VECTOR_FORMATS: ReadonlySet<string> = new Set(['svg', 'pdf']);

/**
 * Copies an image that has no random access (PNG, JPEG, WebP, a TIFF of one huge compressed strip, anything that
 * libvips reads) once into an uncompressed tiled BigTIFF in `scratchDirectory` and opens that. Pixels are as
 * stored: no colour profile and no orientation is applied, CMYK is most where there is most ink, 16 bits stay 16 bits; palettes and 1-bit pictures
 * become 8 bits. The picture streams through in a few rows at a time, as far as its own format lets it. A
 * scratch file of an earlier run is used again where the input is still the same.
 * @param info the description that a TIFF gave of itself; other formats are asked here
 * @param page which of several pictures, from 1
 * @throws bad-input where it cannot be read, output-failed where the scratch folder cannot take it
 */
export async function ingest(
  path: string,
  scratchDirectory: string,
  { info: known, page }: { readonly info?: RasterInfo; readonly page?: number | undefined } = {},
): Promise<TiffFileSource> {
  const input = await pictureInput(path);
  const info = known ?? (await describePicture(path, { page, input })).info;
  const request = { path, scratchDirectory, info, ...(page !== undefined && { page }) };
  return openScratchCopy(request, (target) => copyToTiles(input, target, info, page));
}

/** What the header of a picture other than TIFF says. */
export interface DescribedPicture {
  readonly info: RasterInfo;
  /** libvips' name. */
  readonly format: string;
  /** Pictures of the file. */
  readonly pages: number;
}

/**
 * What a picture other than TIFF says of itself in its header.
 * @param page which of several pictures, from 1; they are not wanted where it is absent
 * @param input what libvips opens, where it is known
 * @throws bad-input for what is no picture, or would not keep its samples on the way through libvips
 */
export async function describePicture(
  path: string,
  { page, input: known }: { readonly page?: number | undefined; readonly input?: string | Uint8Array } = {},
): Promise<DescribedPicture> {
  const input = known ?? (await pictureInput(path));
  refuseUnread(firstBytes(path), path);
  let pages: number;
  let metadata: Metadata;
  try {
    metadata = await (await loadSharp())(input, { limitInputPixels: false }).metadata();
    pages = picturesIn(path, metadata);
    checkPage(path, pages, page);
    if (page !== undefined && page > 1) {
      // libvips shows no animation of a PNG.
      if (metadata.format === 'png') throw laterPngPicture(path, page);
      metadata = await (await loadSharp())(input, { limitInputPixels: false, page: page - 1 }).metadata();
    }
  } catch (cause) {
    if (cause instanceof HalotileError) throw cause;
    throw badInput(
      {
        what: `no image that can be read: ${firstLine(cause)}`,
        file: path,
        expected: 'TIFF, PNG, JPEG, WebP, GIF, AVIF or Zarr',
        ...(/unsupported image format/.test(firstLine(cause)) && { remedy: 'convert it: gdal_translate IN OUT.tif' }),
      },
      cause,
    );
  }
  const { width, height, channels, space, depth, format, hasAlpha } = metadata;
  if (VECTOR_FORMATS.has(format)) throw badInput({ what: `a ${format} picture`, file: path, expected: 'pixels' });
  const dtype = DTYPE_OF_DEPTH[depth];
  const isCmyk = space === 'cmyk';
  if (dtype === undefined || !COLOUR_SPACES.has(space) || (isCmyk && dtype !== 'uint8')) {
    throw badInput({
      what: `${depth} samples in colour space ${space}`,
      file: path,
      expected: '8 or 16-bit grey or RGB, or 8-bit CMYK',
      remedy: 'convert it: vips colourspace IN OUT.tif srgb',
    });
  }
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw badInput({ what: `${width}×${height} pixels`, file: path, expected: `sides up to ${MAX_SIDE}` });
  }
  const info: RasterInfo = {
    width,
    height,
    channels,
    dtype,
    alpha: hasAlpha ? 'unassociated' : 'none',
    ...(hasAlpha && { extraSamples: [2] }),
    photometric: isCmyk ? PHOTOMETRIC.separated : channels < 3 ? PHOTOMETRIC.blackIsZero : PHOTOMETRIC.rgb,
    carried: carriedFromMetadata(metadata),
  };
  return { info, format, pages };
}

/** How many pictures a file holds, of which `metadata` describes the first. */
export function picturesIn(path: string, { format, pages = 1 }: Pick<Metadata, 'format' | 'pages'>): number {
  if (format !== 'png') return pages;
  const file = openBytes(path);
  try {
    return pngPictures(file);
  } finally {
    file.close();
  }
}

function laterPngPicture(path: string, page: number): HalotileError {
  return badInput({
    what: `picture ${page} of an animated PNG, of which only the first is read`,
    file: path,
    expected: '--page 1',
    remedy: `take it apart: ${APNG_APART}`,
  });
}

/** The command that takes an animated PNG apart. */
export const APNG_APART = 'ffmpeg -f apng -i IN OUT-%03d.png';

/** @throws bad-input where a file of several pictures is meant as one, or has no such page */
function checkPage(path: string, pages: number, page: number | undefined): void {
  if (page === undefined ? pages === 1 : page <= pages) return;
  throw badInput({
    what: page === undefined ? `the file holds ${pages} pictures` : `there is no page ${page}`,
    file: path,
    expected: pages === 1 ? 'page 1, the only one' : `--page N, from 1 to ${pages}`,
  });
}

const HEIC_BRANDS: readonly string[] = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx'];
/** Bytes of a file that hold its brands. */
const BRAND_BYTES = 32;

interface UnreadFormat {
  readonly what: string;
  readonly remedy: string;
  readonly begins: (head: string) => boolean;
}

/** Formats that the decoder which is installed with halotile lacks, by the first bytes of a file. */
const UNREAD_FORMATS: readonly UnreadFormat[] = [
  {
    what: 'a HEIC picture, whose compression (HEVC) cannot be decoded here',
    remedy: 'convert it: heif-convert IN OUT.png',
    // The same container with AV1 (AVIF) is read.
    begins: (head) => {
      const brands = [head.slice(8, 12), ...(head.slice(16).match(/.{4}/gs) ?? [])];
      return head.slice(4, 8) === 'ftyp' && HEIC_BRANDS.some((brand) => brands.includes(brand));
    },
  },
  {
    what: 'a JPEG XL picture, which cannot be decoded here',
    remedy: 'convert it: djxl IN OUT.png',
    begins: (head) => head.startsWith('\xff\x0a') || head.startsWith('\0\0\0\x0cJXL \r\n\x87\n'),
  },
  {
    what: 'a JPEG 2000 picture; JPEG 2000 is read within TIFF alone',
    remedy: 'convert it: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE IN OUT.tif',
    begins: (head) => head.startsWith('\xff\x4f\xff\x51') || head.startsWith('\0\0\0\x0cjP  \r\n\x87\n'),
  },
];

/**
 * @param head the file's first 32 bytes, or all of a shorter one
 * @throws bad-input for a format that is known and not read, with the command that converts it
 */
export function refuseUnread(head: Uint8Array, path: string): void {
  const text = Buffer.from(head).toString('latin1');
  const found = UNREAD_FORMATS.find(({ begins }) => begins(text));
  if (found === undefined) return;
  const { what, remedy } = found;
  throw badInput({ what, file: path, expected: 'TIFF, PNG, JPEG, WebP or AVIF', remedy });
}

function firstBytes(path: string): Uint8Array {
  const file = openBytes(path);
  try {
    return readBytes(file, 0, Math.min(BRAND_BYTES, file.size), 'file signature');
  } finally {
    file.close();
  }
}

/** What libvips opens: a file by its path, a remote object by its bytes. */
export async function pictureInput(path: string): Promise<string | Uint8Array> {
  return isUrl(path) ? readWhole(path, MAX_REMOTE_BYTES) : path;
}

/** libvips' name of the colours that an image has, so that it leaves them as they are. */
export function colourSpaceOf({ photometric, dtype }: Pick<RasterInfo, 'photometric' | 'dtype'>) {
  if (photometric === PHOTOMETRIC.separated) return 'cmyk';
  const isGrey = photometric === PHOTOMETRIC.blackIsZero;
  if (dtype === 'uint16') return isGrey ? 'grey16' : 'rgb16';
  return isGrey ? 'b-w' : 'srgb';
}

async function copyToTiles(input: string | Uint8Array, target: string, info: RasterInfo, page = 1): Promise<void> {
  const sharp = await loadSharp();
  const space = colourSpaceOf(info);
  const tile = { tile: true, tileWidth: SCRATCH_BLOCK, tileHeight: SCRATCH_BLOCK } as const;
  // The header's size was checked above, so that libvips' own limits may go.
  await sharp(input, {
    page: page - 1,
    limitInputPixels: false,
    unlimited: true,
    sequentialRead: true,
    ignoreIcc: true,
  })
    .pipelineColourspace(space)
    .toColourspace(space)
    .tiff({ compression: 'none', predictor: 'none', bigtiff: true, ...tile })
    .toFile(target);
}
