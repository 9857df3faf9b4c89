import { loadSharp } from '../codecs/load-sharp.js';
import { badInput } from '../errors.js';
import type { FilePages } from '../job/page-range.js';
import { openBytes } from '../places/open-bytes.js';
import { parseHeader } from '../tiff/header.js';
import { allImages, ownPages } from '../tiff/tiff-image.js';
import { isZarrFolder } from '../zarr/zarr-folder.js';
import { pictureInput, picturesIn } from './ingest.js';
import { describeZarr } from './ingest-zarr.js';
import { startsLikeTiff } from './open-raster.js';

/**
 * The pages of a file by its header alone.
 * @throws bad-input where it is damaged or no image
 */
export async function filePages(path: string): Promise<FilePages> {
  if (isZarrFolder(path)) return { count: (await describeZarr(path, 1)).planes };
  if (!startsLikeTiff(path)) return picturesOf(path);
  const file = openBytes(path);
  try {
    const header = parseHeader(file);
    return { count: allImages(file, header).length, own: ownPages(header, path) };
  } finally {
    file.close();
  }
}

async function picturesOf(path: string): Promise<FilePages> {
  try {
    const input = await pictureInput(path);
    return { count: picturesIn(path, await (await loadSharp())(input, { limitInputPixels: false }).metadata()) };
  } catch (cause) {
    throw badInput({ what: 'no image that can be read', file: path, expected: 'TIFF, PNG, JPEG or WebP' }, cause);
  }
}
