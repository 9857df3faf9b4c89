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

/** Whether a directory holds a transparency mask: bit 2 of its subfile type, or photometric interpretation 4. */
export function isMask(directory: Directory): boolean {
  return (directory.integer(TAG.newSubfileType, 0) & 4) !== 0 || directory.integer(TAG.photometric, 1) === 4;
}

/** The roles of all directories; the main image is the first that is neither reduced nor a mask. */
export function classifyDirectories(header: TiffHeader): TiffImage[] {
  let main: TiffImage | undefined;
  return header.directories.map((directory) => {
    const reduced = (directory.integer(TAG.newSubfileType, 0) & 1) !== 0;
    let role: DirectoryRole;
    if (isMask(directory)) role = reduced ? 'mask-overview' : 'mask';
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

/** The main image's mask: the first full-resolution one before any further page; undefined where there is none. */
export function maskDirectory(header: TiffHeader): Directory | undefined {
  const images = classifyDirectories(header);
  const page = images.findIndex(({ role }) => role === 'page');
  return images.slice(0, page < 0 ? undefined : page).find(({ role }) => role === 'mask')?.directory;
}
