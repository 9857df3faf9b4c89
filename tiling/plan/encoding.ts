import { badUsage } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import { outputFormatOf } from '../job/output-format.js';
import { alphaChannel } from '../raster/extra-samples.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { isPictureName } from './picture.js';
import type { Encoding } from './plan.js';

/** Fast levels: on filtered photographs a higher one costs twice the time for a few per cent of size. */
const FAST_LEVEL = { none: 0, deflate: 1, zstd: 1, jpeg: 0, webp: 0 } as const;
const MAX_LEVEL = { none: 0, deflate: 9, zstd: 19, jpeg: 0, webp: 0 } as const;

/**
 * How the blocks of an output are encoded.
 * @throws bad-usage where the codec cannot hold the output's samples
 */
export function resolveEncoding(spec: JobSpec, output: RasterInfo): Encoding {
  // The TIFF that a picture is made of is read once, and removed.
  const codec = isPictureName(spec.output) ? 'none' : spec.compression.codec;
  const { quality, predictor } = spec.compression;
  if (codec === 'none') return { codec, level: 0, quality, predictor: 1 };
  const isZarr = outputFormatOf(spec.output) === 'ome-zarr';
  if (isZarr && (codec === 'jpeg' || codec === 'webp')) {
    throw badUsage({
      what: `--compression ${codec} of an OME-Zarr image`,
      file: spec.output,
      expected: 'deflate (written as gzip), zstd or none',
    });
  }
  const level = spec.compression.level ?? FAST_LEVEL[codec];
  if (level > MAX_LEVEL[codec]) {
    throw badUsage({ what: `--compression ${codec}: level ${level}`, expected: `at most ${MAX_LEVEL[codec]}` });
  }
  if (codec === 'jpeg' || codec === 'webp') checkLossy(output, codec);
  const lossless = codec === 'deflate' || codec === 'zstd';
  // Zarr knows no predictors.
  if (isZarr) return { codec, level, quality, predictor: 1, ...(codec === 'deflate' && { gzip: true }) };
  return { codec, level, quality, predictor: !lossless || !predictor ? 1 : output.dtype === 'float32' ? 3 : 2 };
}

/** A codec for pictures holds pictures: grey where it can, RGB, and alpha beside it where it can. */
function checkLossy(output: RasterInfo, codec: 'jpeg' | 'webp'): void {
  const { channels, dtype, nodata, photometric } = output;
  const remedy = 'use --compression deflate';
  const wanted = codec === 'jpeg' ? [1, 3] : [3, 4];
  if (dtype !== 'uint8' || !wanted.includes(channels)) {
    throw badUsage({
      what: `--compression ${codec} cannot hold ${channels} channels of ${dtype}`,
      expected: `uint8 with ${wanted.join(' or ')} channels`,
      remedy,
    });
  }
  const alpha = alphaChannel(output);
  const isPicture = channels === 1 || (photometric === 2 && (channels === 3 || alpha?.channel === 3));
  if (!isPicture) {
    throw badUsage({
      what: `--compression ${codec} stores ${channels} channels as ${channels === 4 ? 'RGB and alpha' : 'RGB'}, and these are not`,
      expected: channels === 4 ? 'a fourth channel that the file calls alpha (tag 338)' : 'RGB (tag 262)',
      remedy,
    });
  }
  if (nodata?.some((value) => value !== null)) {
    throw badUsage({
      what: `--compression ${codec} is lossy: samples of the nodata value ${nodata[0]} would turn into others and back`,
      expected: 'a lossless codec for images with nodata',
      remedy: `${remedy}, or --nodata none`,
    });
  }
}
