import { badUsage } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import { outputFormatOf } from '../job/output-format.js';
import type { DType } from '../raster/dtype.js';
import { alphaChannel } from '../raster/extra-samples.js';
import { hasOtherColours } from '../raster/other-colours.js';
import type { RasterInfo } from '../raster/raster-info.js';

type PictureCodec = 'png' | 'jpeg' | 'webp';

/**
 * A file that holds one picture and nothing beside it, no place on a map and no overviews; or the tiles of a Deep Zoom
 * image, each such a file.
 */
export interface Picture {
  readonly format: PictureCodec | 'dzi';
  /** Of the file, or of each tile. */
  readonly codec: PictureCodec;
  /** JPEG and WebP, 1 to 100. */
  readonly quality: number;
  /** PNG, 1 to 9. */
  readonly level: number;
}

interface Holds {
  readonly dtypes: readonly DType[];
  /** Colours without and with alpha. */
  readonly channels: readonly number[];
  readonly maxSide: number;
  readonly isLossless: boolean;
}

const HOLDS: Readonly<Record<PictureCodec, Holds>> = {
  png: { dtypes: ['uint8', 'uint16'], channels: [1, 2, 3, 4], maxSide: 2 ** 31 - 1, isLossless: true },
  jpeg: { dtypes: ['uint8'], channels: [1, 3], maxSide: 65_500, isLossless: false },
  // Grey becomes RGB: the format has nothing else.
  webp: { dtypes: ['uint8'], channels: [1, 2, 3, 4], maxSide: 16_383, isLossless: false },
};

const NAMES = { png: 'PNG', jpeg: 'JPEG', webp: 'WebP' } as const;
/** What --compression makes of the tiles of a Deep Zoom image. */
const TILE_CODECS: Readonly<Partial<Record<JobSpec['compression']['codec'], PictureCodec>>> = {
  deflate: 'png',
  jpeg: 'jpeg',
  webp: 'webp',
};

/** zlib's own default; the fast level of TIFF blocks makes PNG files a fifth larger. */
const PNG_LEVEL = 6;

/** Whether an output's ending is that of a picture. */
export function isPictureName(output: string): boolean {
  return pictureFormatOf(output) !== undefined;
}

function pictureFormatOf(output: string): Picture['format'] | undefined {
  const format = outputFormatOf(output);
  return format === 'tiff' || format === 'ome-tiff' || format === 'ome-zarr' ? undefined : format;
}

/** @throws bad-usage where tiles are not written so */
function tileCodecOf({ output, compression: { codec } }: JobSpec): PictureCodec {
  const found = TILE_CODECS[codec];
  if (found !== undefined) return found;
  throw badUsage({
    what: `--compression ${codec} of a Deep Zoom image`,
    file: output,
    expected: 'deflate (PNG tiles), jpeg or webp',
  });
}

/**
 * What is written in place of a TIFF; undefined where a TIFF is.
 * @param isMasked whether the output has a mask beside its channels
 * @throws bad-usage where the format cannot hold the output
 */
export function resolvePicture(spec: JobSpec, output: RasterInfo, isMasked: boolean): Picture | undefined {
  const format = pictureFormatOf(spec.output);
  if (format === undefined) return undefined;
  const codec = format === 'dzi' ? tileCodecOf(spec) : format;
  const refuse = (what: string, expected: string, remedy = 'end its name in .tif') =>
    badUsage({
      what: `a ${format === 'dzi' ? 'Deep Zoom image of ' : ''}${NAMES[codec]} cannot hold ${what}`,
      file: spec.output,
      expected,
      remedy,
    });
  const { dtypes, channels, maxSide, isLossless } = HOLDS[codec];
  if (!dtypes.includes(output.dtype) || !channels.includes(output.channels)) {
    const expected = `${dtypes.join(' or ')} with ${channels.join(', ')} channels`;
    const deep =
      output.dtype === 'float32' && dtypes.includes('uint16')
        ? 'end its name in .tif, or give --dtype uint16'
        : undefined;
    throw refuse(`${output.channels} channels of ${output.dtype}`, expected, deep);
  }
  const alpha = alphaChannel(output);
  if (output.channels % 2 === 0 && (alpha?.kind !== 'unassociated' || alpha.channel !== output.channels - 1)) {
    throw refuse(
      `a last channel that is no ${alpha?.kind === 'associated' ? 'unassociated ' : ''}alpha`,
      'a last channel that the file calls unassociated alpha (tag 338)',
    );
  }
  if (output.channels > 2 && output.photometric !== 2) {
    const remedy = hasOtherColours(output) ? 'use --colour rgb, or end its name in .tif' : undefined;
    throw refuse(`${output.channels} channels that are not RGB`, 'RGB (tag 262)', remedy);
  }
  if (format !== 'dzi' && Math.max(output.width, output.height) > maxSide) {
    throw refuse(`${output.width}×${output.height} pixels`, `sides of at most ${maxSide}`);
  }
  if (output.nodata?.some((value) => value !== null)) {
    throw refuse(
      `the nodata value ${output.nodata[0]}`,
      'a TIFF, which says it',
      'end its name in .tif, or give --nodata none',
    );
  }
  if (isMasked) throw refuse('a mask', 'a TIFF, which has one', 'end its name in .tif, or give --mask ignore');
  const { level = PNG_LEVEL, quality } = spec.compression;
  if (isLossless && level > 9) throw badUsage({ what: `--level ${level} of a PNG`, expected: 'at most 9' });
  return { format, codec, quality, level };
}
