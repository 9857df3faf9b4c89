import { badInput } from '../errors.js';
import type { Directory } from './directory.js';
import type { TiffHeader } from './header.js';
import { TAG } from './tags.js';

/** What a directory holds: the main image, a smaller version of it, its mask, a smaller mask, or another page. */
export type DirectoryRole = 'main' | 'overview' | 'mask' | 'mask-overview' | 'page';

/** A directory with its role and its size, which is not checked beyond being numbers. */
export interface TiffImage {
  readonly role: DirectoryRole;
  readonly width: number;
  readonly height: number;
  readonly directory: Directory;
}

/** The roles of all directories; the main image is the first that is neither reduced nor a mask. */
export function classifyDirectories(header: TiffHeader): TiffImage[] {
  let main: TiffImage | undefined;
  return header.directories.map((directory) => {
    const subfile = directory.integer(TAG.newSubfileType, 0);
    const reduced = (subfile & 1) !== 0;
    const mask = (subfile & 4) !== 0 || directory.integer(TAG.photometric, 1) === 4;
    let role: DirectoryRole;
    if (mask) role = reduced ? 'mask-overview' : 'mask';
    else if (reduced) role = 'overview';
    else role = main === undefined ? 'main' : 'page';
    const image: TiffImage = {
      role,
      width: directory.integer(TAG.imageWidth, 0),
      height: directory.integer(TAG.imageLength, 0),
      directory,
    };
    if (role === 'main') main = image;
    return image;
  });
}

/** The full-resolution image. @throws bad-input where all directories are overviews or masks */
export function mainDirectory(header: TiffHeader, name: string): Directory {
  const main = classifyDirectories(header).find(({ role }) => role === 'main');
  if (main === undefined) {
    throw badInput({
      what: 'every image directory is an overview or a mask (tag 254)',
      where: name,
      expected: 'one full-resolution image',
    });
  }
  return main.directory;
}
