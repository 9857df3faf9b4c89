import { loadSharp } from '../../tiling/codecs/load-sharp.js';
import type { Picture } from '../../tiling/plan/picture.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';

/**
 * Writes the pixels of an assembled TIFF as a picture, row by row; a WebP is held in memory as a whole. Samples are as
 * they are, the colour profile goes along, and what the TIFF says of its orientation is done to the pixels, since not
 * every reader of pictures looks for it.
 */
export async function writePicture(
  image: string,
  target: string,
  { format, quality, level }: Picture,
  { channels, dtype }: Pick<RasterInfo, 'channels' | 'dtype'>,
): Promise<void> {
  const sharp = await loadSharp();
  const isGrey = channels <= 2;
  const space = dtype === 'uint16' ? (isGrey ? 'grey16' : 'rgb16') : isGrey && format !== 'webp' ? 'b-w' : 'srgb';
  const picture = sharp(image, { limitInputPixels: false, unlimited: true, sequentialRead: true, ignoreIcc: true })
    .autoOrient()
    .pipelineColourspace(space)
    .toColourspace(space)
    .keepIccProfile();
  const encoded = {
    png: () => picture.png({ compressionLevel: level, adaptiveFiltering: true }),
    jpeg: () => picture.jpeg({ quality, chromaSubsampling: quality >= 90 ? '4:4:4' : '4:2:0' }),
    webp: () => picture.webp({ quality, alphaQuality: 100 }),
  }[format]();
  await encoded.toFile(target);
}
