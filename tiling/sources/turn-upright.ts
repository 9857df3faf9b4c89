import { closeSync, openSync } from 'node:fs';
import { badInput } from '../errors.js';
import {
  knownOrientation,
  type Orientation,
  storedRect,
  swapsSides,
  turnedSize,
  turnPixels,
} from '../geometry/orientation.js';
import type { BlockSource } from '../raster/block-source.js';
import { numbersOf } from '../raster/carried/index.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import type { CarriedTag, RasterInfo } from '../raster/raster-info.js';
import { blocksTouching, maxBlockBytes } from '../raster/stored-block.js';
import { TAG } from '../tiff/tags.js';
import { SharedBlockCache } from './block-cache.js';
import { RasterReader } from './raster-reader.js';
import { openScratchCopy, SCRATCH_BLOCK } from './scratch-file.js';
import { put, tiledHeader, tileHeightFor } from './spill.js';
import type { TiffFileSource } from './tiff-file-source.js';

/** Tags by which pixels as they are stored have a place on the ground. */
const PLACING_TAGS: readonly number[] = [
  TAG.modelPixelScale,
  TAG.modelTiepoint,
  TAG.modelTransformation,
  TAG.rpcCoefficients,
];
/** Decoded blocks that are kept where nothing says how many may be. */
const CACHE_BYTES = 64 << 20;

/** What an image's own tag says of its pixels. */
export function orientationOf({ carried }: Pick<RasterInfo, 'carried'>): Orientation {
  const tag = carried.find((each) => each.tag === TAG.orientation);
  return knownOrientation(tag && numbersOf(tag)[0]);
}

/**
 * What an image is once it is upright: its size and resolution with their sides changed where need be, and no
 * orientation any more, also none in XMP.
 * @throws bad-input for one with a place on the ground, which is that of its pixels as stored
 */
export function uprightInfo(info: RasterInfo, path: string): RasterInfo {
  const orientation = orientationOf(info);
  if (orientation === 1) return info;
  if (info.carried.some(({ tag }) => PLACING_TAGS.includes(tag))) {
    throw badInput({
      what: `orientation ${orientation} of a georeferenced image`,
      file: path,
      expected: 'orientation 1, since the georeference is that of the pixels as they are stored',
      remedy: 'use --orient as-stored',
    });
  }
  const carried = info.carried.flatMap((tag) => uprightTag(tag, orientation)).sort((a, b) => a.tag - b.tag);
  return { ...info, ...turnedSize(info, orientation), carried };
}

function uprightTag(tag: CarriedTag, orientation: Orientation): CarriedTag[] {
  if (tag.tag === TAG.orientation) return [];
  if (tag.tag === TAG.xmp) return [uprightXmp(tag)];
  if (!swapsSides(orientation)) return [tag];
  if (tag.tag === TAG.imageDescription) return [turnedOme(tag)];
  if (tag.tag === TAG.xResolution) return [{ ...tag, tag: TAG.yResolution }];
  if (tag.tag === TAG.yResolution) return [{ ...tag, tag: TAG.xResolution }];
  return [tag];
}

/** OME-XML has the sides of a pixel by axis, as the resolution tags do; its length stays. */
function turnedOme(tag: CarriedTag): CarriedTag {
  const text = Buffer.from(tag.bytes).toString('latin1');
  if (!/<OME\b/.test(text)) return tag;
  const turned = text.replace(/\bPhysicalSize([XY])/g, (_all, axis) => `PhysicalSize${axis === 'X' ? 'Y' : 'X'}`);
  return { ...tag, bytes: new Uint8Array(Buffer.from(turned, 'latin1')) };
}

/** XMP repeats the orientation as an attribute or an element; its length stays. */
function uprightXmp(tag: CarriedTag): CarriedTag {
  const text = Buffer.from(tag.bytes).toString('latin1');
  const upright = text.replace(/(\btiff:Orientation(?:\s*=\s*["']|\s*>\s*))[2-8]\b/g, '$11');
  return { ...tag, bytes: new Uint8Array(Buffer.from(upright, 'latin1')) };
}

/**
 * Copies an image once, turned upright, into an uncompressed tiled BigTIFF in `scratchDirectory` and opens that, and
 * closes `source`; gives `source` itself where it is upright. Memory is two tiles and some decoded blocks; each block
 * of a file in strips is decoded about once.
 * @param path what the scratch file is a copy of, whichever file holds the blocks
 * @param orientation how the pixels lie, where it is not `source` that says so
 * @throws bad-input for a damaged block or a georeferenced image, output-failed or over-limit where the scratch folder
 *   cannot take it
 */
export async function turnUpright(
  source: TiffFileSource,
  {
    path,
    page,
    scratchDirectory,
    cacheBytes = CACHE_BYTES,
    orientation = orientationOf(source.info),
  }: { path: string; page?: number; scratchDirectory: string; cacheBytes?: number; orientation?: Orientation },
): Promise<TiffFileSource> {
  if (orientation === 1) return source;
  try {
    const info = { ...uprightInfo(source.info, path), ...turnedSize(source.info, orientation) };
    const request = {
      path,
      from: source.name,
      scratchDirectory,
      info,
      orientation,
      ...(page !== undefined && { page }),
    };
    return await openScratchCopy(request, (target) => writeTurned({ source, info, orientation, cacheBytes }, target));
  } finally {
    source.close();
  }
}

/** What is turned and what it becomes. */
interface Turning {
  readonly source: BlockSource;
  readonly info: RasterInfo;
  readonly orientation: Orientation;
  readonly cacheBytes: number;
}

/** Goes along the stored rows, whichever way the tiles of the result lie to them. */
async function writeTurned({ source, info, orientation, cacheBytes }: Turning, target: string): Promise<void> {
  const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
  const tileHeight = tileHeightFor(SCRATCH_BLOCK * pixelBytes);
  const across = Math.ceil(info.width / SCRATCH_BLOCK);
  const down = Math.ceil(info.height / tileHeight);
  const strideBytes = SCRATCH_BLOCK * pixelBytes;
  const reader = new RasterReader(source, cacheFor(source, cacheBytes), () => 0);
  const tile = new Uint8Array(tileHeight * strideBytes);
  const stored = new Uint8Array(tile.length);
  const [outer, inner] = swapsSides(orientation) ? [across, down] : [down, across];
  const file = openSync(target, 'w');
  try {
    const start = put(file, tiledHeader(info, tileHeight), 0);
    for (let i = 0; i < outer; i++) {
      for (let j = 0; j < inner; j++) {
        const [column, row] = swapsSides(orientation) ? [i, j] : [j, i];
        const rect = {
          x: column * SCRATCH_BLOCK,
          y: row * tileHeight,
          width: Math.min(SCRATCH_BLOCK, info.width - column * SCRATCH_BLOCK),
          height: Math.min(tileHeight, info.height - row * tileHeight),
        };
        const from = storedRect(rect, source.info, orientation);
        await reader.read(from, stored, from.width * pixelBytes);
        turnPixels(stored, rect, orientation, { into: tile, strideBytes, pixelBytes });
        put(file, tile, start + (row * across + column) * tile.length);
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Room for the blocks that a row of tiles reaches, as far as memory allows; none is needed for uncompressed files. */
export function cacheFor(source: BlockSource, cacheBytes = CACHE_BYTES): SharedBlockCache | null {
  const { info, layout } = source;
  if (source.readRaw !== undefined) return null;
  const slotBytes = maxBlockBytes(info, layout);
  const band = { x: 0, y: 0, width: info.width, height: Math.min(info.height, SCRATCH_BLOCK) };
  const planes = layout.planar ? info.channels : 1;
  const touched = blocksTouching(info, layout, band).length + 2 * layout.across * planes;
  const least = 2 * planes;
  return new SharedBlockCache({
    slotBytes,
    slots: Math.max(least, Math.min(touched, Math.floor(cacheBytes / slotBytes))),
  });
}
