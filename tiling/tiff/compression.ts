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

/** What people call compressions that are not decoded here. */
const UNREAD_NAMES: Readonly<Record<number, string>> = {
  ...{ 2: 'CCITT RLE', 3: 'fax (CCITT group 3)', 4: 'fax (CCITT group 4)', 6: 'old-style JPEG', 9: 'JBIG', 10: 'JBIG' },
  ...{ 32809: 'ThunderScan', 34661: 'JBIG', 34676: 'SGI LogLuv', 34677: 'SGI LogLuv', 34892: 'lossy JPEG of DNG' },
  ...{ 34925: 'LZMA', 50002: 'JPEG XL', 52546: 'JPEG XL' },
};

/** Fax, old-style JPEG, NeXT and ThunderScan: what libvips, as it is installed with halotile, decodes of those. */
const BY_LIBVIPS: ReadonlySet<number> = new Set([2, 3, 4, 6, 32766, 32771, 32809]);

/** Whether libvips decodes a compression that is not decoded here. */
export function readByLibvips(compression: number): boolean {
  return BY_LIBVIPS.has(compression);
}

/** How messages name a value of the tag Compression that is not read. */
export function describeCompression(compression: number): string {
  const name = UNREAD_NAMES[compression];
  return name === undefined ? `compression ${compression} (tag 259)` : `${name} compression (${compression}, tag 259)`;
}

/** The codec of a file whose tag Compression holds a number; undefined where halotile reads no such file. */
export function codecOf(compression: number): BlockCodec | undefined {
  const codecs = Object.entries(WRITTEN_COMPRESSION) as [BlockCodec, number][];
  return OTHER_NUMBERS[compression] ?? codecs.find(([, number]) => number === compression)?.[0];
}
