import { statSync } from 'node:fs';
import { conversionOf } from '../colours/to-rgb.js';
import { filesBelow } from '../files-below.js';
import { type OpenBytes, openBytes } from '../places/open-bytes.js';
import { isUrl } from '../places/url.js';
import { numbersOf } from '../raster/carried/index.js';
import type { DType } from '../raster/dtype.js';
import type { AlphaKind, BlockLayout, CarriedTag, RasterInfo } from '../raster/raster-info.js';
import { storedBlockCount } from '../raster/stored-block.js';
import { channelPlanes, readPlanes } from '../tiff/channel-planes.js';
import { type CogLayout, judgeCogLayout } from '../tiff/cog-layout.js';
import { parseHeader } from '../tiff/header.js';
import { TAG } from '../tiff/tags.js';
import {
  classifyDirectories,
  type DirectoryRole,
  mainDirectory,
  partImages,
  stackedPlanes,
  type TiffImage,
} from '../tiff/tiff-image.js';
import { checkAllBlocks, readTiffRaster } from '../tiff/tiff-raster.js';
import { isZarrFolder } from '../zarr/zarr-folder.js';
import { type GeoKeys, readGeoKeys } from './geo-keys.js';
import { describePicture } from './ingest.js';
import { describeZarr } from './ingest-zarr.js';
import { orByLibvips } from './open-raster.js';
import { beginsLikeTiff } from './tiff-file-source.js';

/** A smaller version, a mask or another page of a TIFF. */
export interface InspectedDirectory {
  readonly index: number;
  /** What `--page` calls it: from 1. */
  readonly page: number;
  readonly role: DirectoryRole;
  readonly width: number;
  readonly height: number;
}

/** Resolution as the file has it. */
export interface Resolution {
  readonly x: number;
  readonly y: number;
  readonly unit: 'none' | 'inch' | 'centimetre';
}

/** What `halotile inspect` tells of a file. */
export interface Inspection {
  readonly path: string;
  readonly bytes: number;
  /** `TIFF`, `BigTIFF`, or libvips' name of another format, which is read through a scratch file. */
  readonly kind: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: DType;
  readonly alpha: AlphaKind;
  readonly photometric: number;
  /** How `--colour rgb` makes RGB of the colours; absent where they are grey or RGB. */
  readonly toRgb?: string;
  readonly nodata?: readonly (number | null)[];
  readonly resolution?: Resolution;
  /** Bytes of the ICC profile. */
  readonly iccBytes?: number;
  readonly orientation?: number;
  readonly description?: string;
  /** How many pictures a file of another format holds, where it may hold several. */
  readonly pages?: number;
  /** Only of TIFF files. */
  readonly tiff?: {
    readonly littleEndian: boolean;
    readonly layout: BlockLayout;
    readonly blocks: number;
    /** Blocks that were never written. */
    readonly sparseBlocks: number;
    readonly directories: readonly InspectedDirectory[];
    /** Images that lie behind the main one under its directory, itself among them; pages 1 on. */
    readonly planes: number;
    readonly geoKeys?: GeoKeys;
    readonly cog: CogLayout;
    /** What is wrong with the file and harmless, a sentence each. */
    readonly warnings: readonly string[];
  };
}

/**
 * What a file is, from its header alone.
 * @throws bad-input where it is damaged or of a kind that halotile does not read
 */
export async function inspectFile(path: string): Promise<Inspection> {
  if (isZarrFolder(path)) {
    const { info, planes } = await describeZarr(path, 1);
    // A store is not listed.
    let bytes = 0;
    for (const each of isUrl(path) ? [] : filesBelow(path)) bytes += statSync(each).size;
    return { path, bytes, kind: 'Zarr', ...describeInfo(info), ...(planes > 1 && { pages: planes }) };
  }
  const file = openBytes(path);
  try {
    const asPicture = () => inspectPicture(path, file.size);
    return beginsLikeTiff(file) ? await orByLibvips(() => inspectTiff(file), asPicture) : await asPicture();
  } finally {
    file.close();
  }
}

async function inspectPicture(path: string, bytes: number): Promise<Inspection> {
  const { info, format, pages } = await describePicture(path, { page: 1 });
  return { path, bytes, kind: format, ...describeInfo(info), ...(pages > 1 && { pages }) };
}

async function inspectTiff(file: OpenBytes): Promise<Inspection> {
  const header = parseHeader(file);
  const directory = mainDirectory(header, file.name);
  const planes = channelPlanes(header);
  const raster = (planes && readPlanes(planes)) ?? readTiffRaster(directory);
  checkAllBlocks(raster, directory.place);
  const { info, layout, blocks } = raster;
  const images = [...classifyDirectories(header), ...partImages(file, header)];
  const geoKeys = directory.has(TAG.geoKeyDirectory) ? await readGeoKeys(file.name, directory.index) : undefined;
  let sparseBlocks = 0;
  for (let index = 0; index < blocks.count; index++) if (blocks.place(index).length === 0) sparseBlocks++;
  return {
    path: file.name,
    bytes: file.size,
    kind: header.kind,
    ...describeInfo(info),
    tiff: {
      littleEndian: header.littleEndian,
      layout,
      blocks: storedBlockCount(info, layout),
      sparseBlocks,
      directories: images.map(inspectedDirectory),
      planes: header.directories.length === 1 ? stackedPlanes(directory) : 1,
      ...(geoKeys === undefined ? {} : { geoKeys }),
      cog: judgeCogLayout(images),
      warnings: [...header.warnings, ...raster.warnings],
    },
  };
}

function inspectedDirectory({ role, width, height, directory }: TiffImage): InspectedDirectory {
  return { index: directory.index, page: directory.index + 1, role, width, height };
}

function describeInfo(info: RasterInfo) {
  const { width, height, channels, dtype, alpha, photometric, nodata, carried } = info;
  const find = (tag: number) => carried.find((entry) => entry.tag === tag);
  const resolution = resolutionOf(carried);
  const icc = find(TAG.iccProfile);
  const orientation = find(TAG.orientation);
  const description = find(TAG.imageDescription);
  const toRgb = conversionOf(info);
  return {
    ...{ width, height, channels, dtype, alpha, photometric },
    ...(toRgb === undefined ? {} : { toRgb }),
    ...(nodata === undefined ? {} : { nodata }),
    ...(resolution === undefined ? {} : { resolution }),
    ...(icc === undefined ? {} : { iccBytes: icc.bytes.length }),
    ...(orientation === undefined ? {} : { orientation: orientation.bytes[0]! }),
    ...(description === undefined
      ? {}
      : { description: new TextDecoder().decode(description.bytes).replace(/\0[\s\S]*$/, '') }),
  };
}

function resolutionOf(carried: readonly CarriedTag[]): Resolution | undefined {
  const number = (tag: number): number | undefined => {
    const entry = carried.find((candidate) => candidate.tag === tag);
    return entry && numbersOf(entry)[0];
  };
  const x = number(TAG.xResolution);
  const y = number(TAG.yResolution);
  if (x === undefined || y === undefined) return undefined;
  const unit = carried.find(({ tag }) => tag === TAG.resolutionUnit)?.bytes[0] ?? 2;
  return { x, y, unit: unit === 3 ? 'centimetre' : unit === 1 ? 'none' : 'inch' };
}
