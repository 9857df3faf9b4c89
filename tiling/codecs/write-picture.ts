import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Sharp } from 'sharp';
import type { Picture } from '../plan/picture.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { loadSharp } from './load-sharp.js';

/** Side of Deep Zoom tiles without the pixels that they share with each neighbour, as libvips cuts them. */
const TILE = { size: 254, overlap: 1 } as const;

/**
 * Writes the pixels of an assembled TIFF as a picture, row by row; a WebP is held in memory as a whole. Samples are as
 * they are, the colour profile goes along, and what the TIFF says of its orientation is done to the pixels, since not
 * every reader of pictures looks for it.
 */
export async function writePicture(
  image: string,
  target: string,
  picture: Picture,
  output: Pick<RasterInfo, 'channels' | 'dtype'>,
): Promise<void> {
  await (await encoded(image, picture, output)).toFile(target);
}

/** The bytes that {@link writePicture} writes, of a TIFF in memory. */
export async function encodePicture(
  image: Uint8Array,
  picture: Picture,
  output: Pick<RasterInfo, 'channels' | 'dtype'>,
): Promise<Uint8Array> {
  return (await encoded(image, picture, output)).toBuffer();
}

/**
 * Writes an assembled TIFF as tiles of {@link writePicture} into an empty folder; smaller levels are averages that
 * libvips makes. Returns the file that describes them and the folder of tiles.
 */
export async function writeDeepZoom(
  image: string,
  folder: string,
  picture: Picture,
  output: Pick<RasterInfo, 'channels' | 'dtype'>,
): Promise<{ readonly file: string; readonly tiles: string }> {
  const pixels = await encoded(image, picture, output);
  await pixels.tile({ ...TILE, layout: 'dz', container: 'fs' }).toFile(join(folder, 'image.dzi'));
  // Releases of libvips differ in whether the ending is part of the name.
  const made = (ending: string) => join(folder, readdirSync(folder).find((name) => name.endsWith(ending))!);
  const tiles = made('_files');
  rmSync(join(tiles, 'vips-properties.xml'), { force: true });
  return { file: made('.dzi'), tiles };
}

async function encoded(
  image: string | Uint8Array,
  { codec, quality, level }: Picture,
  { channels, dtype }: Pick<RasterInfo, 'channels' | 'dtype'>,
): Promise<Sharp> {
  const sharp = await loadSharp();
  const isGrey = channels <= 2;
  const space = dtype === 'uint16' ? (isGrey ? 'grey16' : 'rgb16') : isGrey && codec !== 'webp' ? 'b-w' : 'srgb';
  const picture = sharp(image, { limitInputPixels: false, unlimited: true, sequentialRead: true, ignoreIcc: true })
    .autoOrient()
    .pipelineColourspace(space)
    .toColourspace(space)
    .keepIccProfile();
  return {
    png: () => picture.png({ compressionLevel: level, adaptiveFiltering: true }),
    jpeg: () => picture.jpeg({ quality, chromaSubsampling: quality >= 90 ? '4:4:4' : '4:2:0' }),
    webp: () => picture.webp({ quality, alphaQuality: 100 }),
  }[codec]();
}
