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

/**
 * The full-resolution image of a file that holds no other one.
 * @throws bad-input where it holds further images, of which nobody said that they are not wanted
 */
export function soleDirectory(header: TiffHeader, name: string): Directory {
  const main = mainDirectory(header, name);
  const pages = classifyDirectories(header).filter((image) => image.role === 'page' && !isCompanion(image, main));
  const planes = pages.length === 0 ? stackedPlanes(main) : 1;
  if (pages.length === 0 && planes === 1) return main;
  throw badInput({
    what:
      pages.length === 0
        ? `the description tells of ${planes} images in one directory`
        : `the file holds ${pages.length + 1} images (directories ${[main.index, ...pages.map(({ directory }) => directory.index)].slice(0, 4).join(', ')}${pages.length > 3 ? ', …' : ''})`,
    where: name,
    expected: 'one image and its overviews',
    remedy: 'take one out of it: tiffcp IN,0 OUT copies the first',
  });
}

/** The least by which a level of a pyramid is smaller than its image. */
const LEVEL_RATIO = 1.5;

/**
 * Whether a page belongs to the main image: a level of it, in pyramids that do not say so by tag 254, or what slide
 * scanners add, label and overview of the glass.
 */
function isCompanion({ width, height }: TiffImage, main: Directory): boolean {
  if (/^Aperio\b/.test(main.text(TAG.imageDescription) ?? '')) return true;
  const ratio = main.integer(TAG.imageWidth, 0) / width;
  return ratio >= LEVEL_RATIO && Math.abs(main.integer(TAG.imageLength, 0) / ratio - height) <= 1;
}

/** Images that ImageJ and tifffile say lie behind one directory. */
function stackedPlanes(main: Directory): number {
  const description = main.text(TAG.imageDescription) ?? '';
  if (/^ImageJ=/.test(description)) return Number(/^images=(\d+)$/m.exec(description)?.[1] ?? 1);
  const shape = /^\s*\{\s*"shape"\s*:\s*\[([\d\s,]+)\]/.exec(description)?.[1];
  if (shape === undefined || !/"truncated"\s*:\s*true/.test(description)) return 1;
  const samples = shape.split(',').reduce((product, side) => product * Number(side), 1);
  const own = main.integer(TAG.imageWidth, 0) * main.integer(TAG.imageLength, 0) * main.integer(TAG.samplesPerPixel, 1);
  return Math.max(1, Math.round(samples / own));
}

/** The main image's mask: the first full-resolution one before any further page; undefined where there is none. */
export function maskDirectory(header: TiffHeader): Directory | undefined {
  const images = classifyDirectories(header);
  const page = images.findIndex(({ role }) => role === 'page');
  return images.slice(0, page < 0 ? undefined : page).find(({ role }) => role === 'mask')?.directory;
}
