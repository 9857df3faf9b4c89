import type { BlockCodec } from '../raster/raster-info.js';

/** The number of the tag Compression under which each codec is written; LZW, PackBits and LERC are read only. */
export const WRITTEN_COMPRESSION = {
  none: 1,
  lzw: 5,
  packbits: 32773,
  jpeg: 7,
  deflate: 8,
  zstd: 50000,
  webp: 50001,
  lerc: 34887,
} as const satisfies Readonly<Record<BlockCodec, number>>;

/** Adobe wrote deflate under this number before the other one was assigned. */
const OLD_DEFLATE = 32946;

/** The codec of a file whose tag Compression holds a number; undefined where halotile reads no such file. */
export function codecOf(compression: number): BlockCodec | undefined {
  if (compression === OLD_DEFLATE) return 'deflate';
  const codecs = Object.entries(WRITTEN_COMPRESSION) as [BlockCodec, number][];
  return codecs.find(([, number]) => number === compression)?.[0];
}
