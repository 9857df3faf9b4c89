import { join } from 'node:path';
import { badInput } from '../errors.js';
import { knownOrientation, type Orientation, turnedSize } from '../geometry/orientation.js';
import type { Size } from '../geometry/rect.js';
import type { Orient } from '../job/job-spec.js';
import { openBytes } from '../places/open-bytes.js';
import { parseHeader, type TiffHeader } from '../tiff/header.js';
import { TAG } from '../tiff/tags.js';
import { mainDirectory, maskDirectory } from '../tiff/tiff-image.js';
import { type OpenRasterOptions, openBlocks, startsLikeTiff } from './open-raster.js';
import { openTiffSource, type TiffFileSource } from './tiff-file-source.js';
import { turnUpright } from './turn-upright.js';

/** A mask opened for reading. */
export interface OpenedMask {
  readonly source: TiffFileSource;
  /** Its directory in the file that the source names; absent where that is a scratch file. */
  readonly directory?: number;
}

/** The image whose mask is looked for. */
export interface MaskedImage extends Size {
  readonly directory?: number | undefined;
  readonly orient?: Orient;
  /** As it was opened, perhaps out of a scratch file. */
  readonly opened: TiffFileSource;
}

/**
 * The transparency mask of an image inside a TIFF file, uint8 of one channel, 0 where a pixel is masked; undefined where the
 * file holds none. With `orient: 'apply'` it is turned as the image is.
 * @throws bad-input where it is damaged or not of the image's size
 */
export async function openMask(
  path: string,
  image: MaskedImage,
  options: OpenRasterOptions,
): Promise<OpenedMask | undefined> {
  const isOwnFile = image.opened.name === path;
  if (!isOwnFile && !startsLikeTiff(path)) return undefined;
  const found = isOwnFile ? maskIn(image.opened.header, path, image.directory) : findMask(path, image.directory);
  if (found === undefined) return undefined;
  const { directory } = found;
  const orientation = image.orient === 'apply' ? found.orientation : 1;
  const mask = openTiffSource(path, { directory });
  const upright = turnedSize(mask.info, orientation);
  if (upright.width !== image.width || upright.height !== image.height) {
    mask.close();
    throw badInput({
      what: `the mask in image directory ${directory} is ${upright.width}×${upright.height}`,
      file: path,
      expected: `${image.width}×${image.height}, the size of the image`,
      remedy: 'write the mask anew, or use --mask ignore',
    });
  }
  const scratchDirectory = join(options.scratchDirectory, 'mask');
  const stored = await openBlocks(mask, { ...options, scratchDirectory });
  const source = await turnUpright(stored, { ...options, scratchDirectory, path, page: directory + 1, orientation });
  return source === mask ? { source, directory } : { source };
}

/** Place of the mask of an image, and how that image's pixels lie. */
interface FoundMask {
  readonly directory: number;
  readonly orientation: Orientation;
}

function findMask(path: string, of: number | undefined): FoundMask | undefined {
  const file = openBytes(path);
  try {
    return maskIn(parseHeader(file), path, of);
  } finally {
    file.close();
  }
}

function maskIn(header: TiffHeader, path: string, of: number | undefined): FoundMask | undefined {
  const directory = maskDirectory(header, of)?.index;
  if (directory === undefined) return undefined;
  const image = of === undefined ? mainDirectory(header, path) : header.directories[of];
  return { directory, orientation: knownOrientation(image?.integer(TAG.orientation, 1)) };
}
