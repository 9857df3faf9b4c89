import { join } from 'node:path';
import { badInput } from '../errors.js';
import type { Size } from '../geometry/rect.js';
import { openBytes } from '../places/open-bytes.js';
import { parseHeader } from '../tiff/header.js';
import { maskDirectory } from '../tiff/tiff-image.js';
import { type OpenRasterOptions, openBlocks, startsLikeTiff } from './open-raster.js';
import { openTiffSource, type TiffFileSource } from './tiff-file-source.js';

/** A mask opened for reading. */
export interface OpenedMask {
  readonly source: TiffFileSource;
  /** Its directory in the file that the source names; absent where that is a scratch file. */
  readonly directory?: number;
}

/**
 * The transparency mask of an image inside a TIFF file, uint8 of one channel, 0 where a pixel is masked; undefined where the
 * file holds none.
 * @throws bad-input where it is damaged or not of the image's size
 */
export async function openMask(
  path: string,
  image: Size & { readonly directory?: number | undefined },
  options: OpenRasterOptions,
): Promise<OpenedMask | undefined> {
  if (!startsLikeTiff(path)) return undefined;
  const directory = findMask(path, image.directory);
  if (directory === undefined) return undefined;
  const mask = openTiffSource(path, { directory });
  const { width, height } = mask.info;
  if (width !== image.width || height !== image.height) {
    mask.close();
    throw badInput({
      what: `the mask in image directory ${directory} is ${width}×${height}`,
      where: path,
      expected: `${image.width}×${image.height}, the size of the image`,
      remedy: 'write the mask anew, or use --mask ignore',
    });
  }
  const source = await openBlocks(mask, { ...options, scratchDirectory: join(options.scratchDirectory, 'mask') });
  return source === mask ? { source, directory } : { source };
}

function findMask(path: string, of: number | undefined): number | undefined {
  const file = openBytes(path);
  try {
    return maskDirectory(parseHeader(file), of)?.index;
  } finally {
    file.close();
  }
}
