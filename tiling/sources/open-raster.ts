import { badInput } from '../errors.js';
import type { Colour, Orient } from '../job/job-spec.js';
import { openBytes } from '../places/open-bytes.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import { maxBlockBytes } from '../raster/stored-block.js';
import type { WideSamples } from '../tiff/sample-format.js';
import { UnreadCompression } from '../tiff/tiff-raster.js';
import { isZarrFolder } from '../zarr/zarr-folder.js';
import { convertColours } from './convert-colours.js';
import { ingest } from './ingest.js';
import { ingestZarr } from './ingest-zarr.js';
import { spillToTiles } from './spill.js';
import { beginsLikeTiff, openIfTiff, type TiffFileSource } from './tiff-file-source.js';
import { turnUpright } from './turn-upright.js';

/** Where and how far a file may be turned into one that can be read by blocks. */
export interface OpenRasterOptions {
  /** A folder for scratch files, made when needed; the caller deletes it. */
  readonly scratchDirectory: string;
  /** The largest decoded block that may be held in memory; larger compressed blocks go through a scratch file. */
  readonly maxBlockBytes: number;
  /**
   * What a cache of decoded blocks may take: compressed strips so wide that {@link BAND_ROWS} rows exceed it go
   * through a scratch file; none do where it is absent.
   */
  readonly cacheBytes?: number;
}

/** What of a file is read, and as what. */
export interface Wanted {
  /** Which image of a file of several, from 1; needed where there are several. */
  readonly page?: number;
  /** `apply` turns an image upright that its orientation tag says is not; as stored where absent. */
  readonly orient?: Orient;
  /** `rgb` makes RGB of CMYK and L*a*b*; the channels as stored where absent. */
  readonly colour?: Colour;
  /** What integers of a TIFF or Zarr image are read as that have no type of their own here, and those of 32 bits. */
  readonly wide?: WideSamples;
}

/** Rows that a row of tiles with its halos is expected to reach. */
const BAND_ROWS = 1024;

/**
 * The blocks of an image file, whatever its format, which its content tells, not its name. `name` of the result
 * is the file that holds the blocks: a scratch file where the input has no random access. Other threads open
 * that one with `openTiffSource`, giving it `info` of the result.
 * @throws bad-input where the file is damaged or of a kind that cannot be read
 */
export async function openRaster(
  path: string,
  options: OpenRasterOptions,
  { orient, colour, ...wanted }: Wanted = {},
): Promise<TiffFileSource> {
  const stored = await openStored(path, options, wanted);
  const copy = { ...options, path, page: wanted.page };
  const source = colour === 'rgb' ? await convertColours(stored, copy) : stored;
  return orient === 'apply' ? turnUpright(source, copy) : source;
}

async function openStored(
  path: string,
  options: OpenRasterOptions,
  { page, wide }: Omit<Wanted, 'orient' | 'colour'>,
): Promise<TiffFileSource> {
  if (isZarrFolder(path)) return ingestZarr(path, options.scratchDirectory, { page, wide });
  const byLibvips = () => ingest(path, options.scratchDirectory, { page });
  return orByLibvips(() => {
    const tiff = openIfTiff(path, { page, wide });
    return tiff === undefined ? byLibvips() : openBlocks(tiff, options);
  }, byLibvips);
}

/**
 * What is opened, or, for blocks that are not decoded here (fax, old JPEG), what libvips makes of the file.
 * @throws what opening throws, where libvips cannot read it either
 */
export async function orByLibvips<T>(open: () => T | Promise<T>, instead: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof UnreadCompression)) throw error;
    return instead().catch(() => {
      throw error;
    });
  }
}

/**
 * An image of a TIFF file as it can be read by blocks: `source` itself, or a scratch copy, for which it is closed.
 * @throws as {@link openRaster}
 */
export async function openBlocks(source: TiffFileSource, options: OpenRasterOptions): Promise<TiffFileSource> {
  const { info, layout, name: path } = source;
  const blockBytes = maxBlockBytes(info, layout);
  if (source.readRaw !== undefined) return source;
  if (blockBytes <= options.maxBlockBytes) {
    if (!layout.striped || bandBytes(info) <= (options.cacheBytes ?? Number.POSITIVE_INFINITY)) return source;
    try {
      return await spillToTiles(source, options.scratchDirectory);
    } finally {
      source.close();
    }
  }
  source.close();
  if (source.isMain && readableByLibvips(info, layout)) return ingest(path, options.scratchDirectory, { info });
  throw badInput({
    what: `blocks of ${layout.blockWidth}×${layout.blockHeight} pixels decode to ${blockBytes} bytes each`,
    file: path,
    expected: `at most ${options.maxBlockBytes} bytes`,
    remedy: 'write it with tiles: gdal_translate -co TILED=YES -co BIGTIFF=YES IN OUT',
  });
}

/** Whether libvips, as it is usually built, gives the samples of such a TIFF unchanged. */
function readableByLibvips(
  { channels, dtype, photometric }: RasterInfo,
  { codec, planar, striped, stored }: BlockLayout,
) {
  // It inverts white-is-zero pictures and reads no separate planes in tiles; its TIFF has no ZSTD and no WebP.
  if (codec === 'zstd' || codec === 'webp' || (planar && !striped) || stored !== undefined) return false;
  return dtype !== 'float32' && channels <= 4 && (photometric === 1 || photometric === 2);
}

function bandBytes({ width, height, channels, dtype }: RasterInfo): number {
  return width * Math.min(height, BAND_ROWS) * channels * SAMPLE_BYTES[dtype];
}

/** Whether what lies there is a file whose content is a TIFF. @throws bad-input where it is empty */
export function startsLikeTiff(path: string): boolean {
  if (isZarrFolder(path)) return false;
  const file = openBytes(path);
  try {
    return beginsLikeTiff(file);
  } finally {
    file.close();
  }
}
