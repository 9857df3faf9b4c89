import type { BlockCodec } from '../raster/raster-info.js';

/** The number of the tag Compression under which each codec is written; LZW, PackBits, LERC and JPEG 2000 are read only. */
export const WRITTEN_COMPRESSION = {
  none: 1,
  lzw: 5,
  packbits: 32773,
  jpeg: 7,
  deflate: 8,
  zstd: 50000,
  webp: 50001,
  lerc: 34887,
  jpeg2000: 34712,
} as const satisfies Readonly<Record<BlockCodec, number>>;

/** JPEG 2000 whose components are YCbCr, by Aperio's scanners. */
export const APERIO_YCBCR = 33003;

/**
 * Other numbers of the same codecs: Adobe wrote deflate under its own before there was one; Aperio's scanners and, lossily,
 * Bio-Formats write JPEG 2000 under theirs.
 */
const OTHER_NUMBERS: Readonly<Record<number, BlockCodec>> = {
  32946: 'deflate',
  [APERIO_YCBCR]: 'jpeg2000',
  33004: 'jpeg2000',
  33005: 'jpeg2000',
};

/** The codec of a file whose tag Compression holds a number; undefined where halotile reads no such file. */
export function codecOf(compression: number): BlockCodec | undefined {
  const codecs = Object.entries(WRITTEN_COMPRESSION) as [BlockCodec, number][];
  return OTHER_NUMBERS[compression] ?? codecs.find(([, number]) => number === compression)?.[0];
}
