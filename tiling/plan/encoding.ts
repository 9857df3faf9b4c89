import { badUsage } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { Encoding } from './plan.js';

/** Fast levels: on filtered photographs a higher one costs twice the time for a few per cent of size. */
const FAST_LEVEL = { none: 0, deflate: 1, zstd: 1, jpeg: 0, webp: 0 } as const;
const MAX_LEVEL = { none: 0, deflate: 9, zstd: 19, jpeg: 0, webp: 0 } as const;

/**
 * How the blocks of an output are encoded.
 * @throws bad-usage where the codec cannot hold the output's samples
 */
export function resolveEncoding(spec: JobSpec, output: RasterInfo): Encoding {
  const { codec, quality, predictor } = spec.compression;
  const level = spec.compression.level ?? FAST_LEVEL[codec];
  if (level > MAX_LEVEL[codec]) {
    throw badUsage({ what: `--compression ${codec}: level ${level}`, expected: `at most ${MAX_LEVEL[codec]}` });
  }
  if (codec === 'jpeg') checkLossy(output, codec, [1, 3]);
  if (codec === 'webp') checkLossy(output, codec, [3, 4]);
  const lossless = codec === 'deflate' || codec === 'zstd';
  return { codec, level, quality, predictor: !lossless || !predictor ? 1 : output.dtype === 'float32' ? 3 : 2 };
}

function checkLossy(output: RasterInfo, codec: string, channels: readonly number[]): void {
  if (output.dtype === 'uint8' && channels.includes(output.channels)) return;
  throw badUsage({
    what: `--compression ${codec} cannot hold ${output.channels} channels of ${output.dtype}`,
    expected: `uint8 with ${channels.join(' or ')} channels`,
    remedy: 'use --compression deflate',
  });
}
