/** The TIFF tags that halotile reads, writes or carries (TIFF 6.0, TIFF Technical Note 2, GeoTIFF 1.1, GDAL). */
export const TAG = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  documentName: 269,
  imageDescription: 270,
  make: 271,
  model: 272,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  dateTime: 306,
  artist: 315,
  hostComputer: 316,
  predictor: 317,
  whitePoint: 318,
  primaryChromaticities: 319,
  colorMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  inkSet: 332,
  inkNames: 333,
  numberOfInks: 334,
  dotRange: 336,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  ycbcrCoefficients: 529,
  chromaSubsampling: 530,
  referenceBlackWhite: 532,
  xmp: 700,
  copyright: 33432,
  modelPixelScale: 33550,
  modelTiepoint: 33922,
  modelTransformation: 34264,
  iptc: 33723,
  iccProfile: 34675,
  geoKeyDirectory: 34735,
  geoDoubleParams: 34736,
  geoAsciiParams: 34737,
  gdalMetadata: 42112,
  gdalNodata: 42113,
  lercParameters: 50674,
  rpcCoefficients: 50844,
} as const;

/** Tags that travel from the input to the output; those that describe its pixels are rewritten (raster/carried/). */
export const CARRIED_TAGS: readonly number[] = [
  TAG.documentName,
  TAG.imageDescription,
  TAG.make,
  TAG.model,
  TAG.orientation,
  TAG.xResolution,
  TAG.yResolution,
  TAG.resolutionUnit,
  TAG.software,
  TAG.dateTime,
  TAG.artist,
  TAG.hostComputer,
  TAG.whitePoint,
  TAG.primaryChromaticities,
  TAG.inkSet,
  TAG.inkNames,
  TAG.numberOfInks,
  TAG.dotRange,
  TAG.xmp,
  TAG.copyright,
  TAG.iptc,
  TAG.modelPixelScale,
  TAG.modelTiepoint,
  TAG.modelTransformation,
  TAG.iccProfile,
  TAG.geoKeyDirectory,
  TAG.geoDoubleParams,
  TAG.geoAsciiParams,
  TAG.gdalMetadata,
  TAG.rpcCoefficients,
];

/** Tags that pixels follow from, or which of them count. */
export const PIXEL_TAGS: ReadonlySet<number> = new Set([
  TAG.newSubfileType,
  TAG.imageWidth,
  TAG.imageLength,
  TAG.bitsPerSample,
  TAG.compression,
  TAG.photometric,
  TAG.fillOrder,
  TAG.stripOffsets,
  TAG.samplesPerPixel,
  TAG.rowsPerStrip,
  TAG.stripByteCounts,
  TAG.planarConfiguration,
  TAG.predictor,
  TAG.colorMap,
  TAG.tileWidth,
  TAG.tileLength,
  TAG.tileOffsets,
  TAG.tileByteCounts,
  TAG.extraSamples,
  TAG.sampleFormat,
  TAG.jpegTables,
  TAG.ycbcrCoefficients,
  TAG.chromaSubsampling,
  TAG.referenceBlackWhite,
  TAG.gdalNodata,
]);

/** Bytes of one value, and of the unit whose byte order matters, by TIFF field type. */
export const FIELD_TYPES: Readonly<Record<number, { readonly bytes: number; readonly unit: number }>> = {
  1: { bytes: 1, unit: 1 }, // BYTE
  2: { bytes: 1, unit: 1 }, // ASCII
  3: { bytes: 2, unit: 2 }, // SHORT
  4: { bytes: 4, unit: 4 }, // LONG
  5: { bytes: 8, unit: 4 }, // RATIONAL
  6: { bytes: 1, unit: 1 }, // SBYTE
  7: { bytes: 1, unit: 1 }, // UNDEFINED
  8: { bytes: 2, unit: 2 }, // SSHORT
  9: { bytes: 4, unit: 4 }, // SLONG
  10: { bytes: 8, unit: 4 }, // SRATIONAL
  11: { bytes: 4, unit: 4 }, // FLOAT
  12: { bytes: 8, unit: 8 }, // DOUBLE
  13: { bytes: 4, unit: 4 }, // IFD
  16: { bytes: 8, unit: 8 }, // LONG8
  17: { bytes: 8, unit: 8 }, // SLONG8
  18: { bytes: 8, unit: 8 }, // IFD8
};

const TAG_NAMES = new Map<number, string>(Object.entries(TAG).map(([name, tag]) => [tag, name]));

/** The name of a tag as messages give it, `tag 65000` where it has none here. */
export function tagName(tag: number): string {
  const known = TAG_NAMES.get(tag);
  return known === undefined ? `tag ${tag}` : `${known} (tag ${tag})`;
}
