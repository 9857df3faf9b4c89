import { badInput } from '../errors.js';
import type { Directory } from './directory.js';
import { MAX_DIRECTORIES, subDirectories, type TiffHeader } from './header.js';
import type { RandomBytes } from './random-bytes.js';
import { TAG } from './tags.js';

/**
 * What a directory holds: the main image, a smaller version of it, its mask, a smaller mask, another page, or a part
 * that another one names (tag 330).
 */
export type DirectoryRole = 'main' | 'overview' | 'mask' | 'mask-overview' | 'page' | 'sub-image';

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

/**
 * The parts that directories of the chain name (tag 330) with their roles: smaller versions of the main image, as
 * OME-TIFF has them, are its overviews.
 */
export function partImages(file: RandomBytes, header: TiffHeader): TiffImage[] {
  const main = classifyDirectories(header).find(({ role }) => role === 'main')?.directory;
  const ofMain = main?.has(TAG.subIfds) ? main.integers(TAG.subIfds, MAX_DIRECTORIES) : [];
  return subDirectories(file, header).map((directory) => {
    const reduced = (directory.integer(TAG.newSubfileType, 0) & 1) !== 0 && !isMask(directory);
    return {
      role: reduced && ofMain.includes(directory.offset) ? 'overview' : 'sub-image',
      width: directory.integer(TAG.imageWidth, 0),
      height: directory.integer(TAG.imageLength, 0),
      directory,
    };
  });
}

/** The full-resolution image. @throws bad-input where all directories are overviews or masks */
export function mainDirectory(header: TiffHeader, name: string): Directory {
  const main = classifyDirectories(header).find(({ role }) => role === 'main');
  if (main === undefined) {
    throw badInput({
      what: 'every image directory is an overview or a mask (tag 254)',
      file: name,
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
  const numbers = [main, ...pages.map(({ directory }) => directory)].slice(0, 4).map(({ index }) => index + 1);
  const listed =
    pages.length === 0 ? `pages 1 to ${planes}` : `pages ${numbers.join(', ')}${pages.length > 3 ? ', …' : ''}`;
  throw badInput({
    what: `the file holds ${Math.max(planes, pages.length + 1)} images (${listed})`,
    file: name,
    expected: 'one image and its overviews, or --page N',
    remedy:
      'give --page N for one of them (halotile inspect lists them), or --page all; of a map take one out: tiffcp MAP,0 OUT',
  });
}

/** The pages that are images of their own: the main one and what is neither mask nor a version of it, or all planes. */
export function ownPages(header: TiffHeader, name: string): number[] {
  const main = mainDirectory(header, name);
  const planes = header.directories.length === 1 ? stackedPlanes(main) : 1;
  if (planes > 1) return Array.from({ length: planes }, (_, plane) => plane + 1);
  return classifyDirectories(header)
    .filter((image) => image.role === 'main' || (image.role === 'page' && !isCompanion(image, main)))
    .map(({ directory }) => directory.index + 1);
}

/**
 * Every image of a file in the order in which pages are numbered: the directories of the chain, as tiffinfo and GDAL
 * number them, then the parts that those name, or the planes that lie behind a single one.
 */
export function allImages(file: RandomBytes, header: TiffHeader): Directory[] {
  const images = [...header.directories, ...subDirectories(file, header)];
  const planes = images.length === 1 ? stackedPlanes(images[0]!) : 1;
  for (let plane = 1; plane < planes; plane++) images.push(images[0]!.atPlane(plane));
  return images;
}

/**
 * The image that is page `page` of a file, from 1.
 * @throws bad-input where there is none, or where it is a mask
 */
export function pageDirectory(file: RandomBytes, header: TiffHeader, page: number): Directory {
  const images = allImages(file, header);
  const found = images[page - 1];
  if (found !== undefined && !isMask(found)) return found;
  throw badInput({
    what: found === undefined ? `there is no page ${page}` : `page ${page} is a transparency mask`,
    file: file.name,
    expected: images.length === 1 ? 'page 1, the only one' : `a page from 1 to ${images.length}`,
    remedy: 'halotile inspect lists them',
  });
}

/** The image of that place among {@link allImages}. */
export function directoryAt(file: RandomBytes, header: TiffHeader, index: number): Directory | undefined {
  return header.directories[index] ?? allImages(file, header)[index];
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

/** Images that ImageJ and tifffile say lie behind one directory, one after the other and uncompressed. */
export function stackedPlanes(main: Directory): number {
  const description = main.text(TAG.imageDescription) ?? '';
  const own = main.integer(TAG.imageWidth, 0) * main.integer(TAG.imageLength, 0) * main.integer(TAG.samplesPerPixel, 1);
  // A sample takes a bit at least, so that no more lie in the file whatever its text says.
  const most = Math.max(1, Math.ceil((8 * main.file.size) / own));
  if (/^ImageJ=/.test(description)) return Math.min(most, Number(/^images=(\d+)$/m.exec(description)?.[1] ?? 1));
  const shape = /^\s*\{\s*"shape"\s*:\s*\[([\d\s,]+)\]/.exec(description)?.[1];
  if (shape === undefined || !/"truncated"\s*:\s*true/.test(description)) return 1;
  const samples = shape.split(',').reduce((product, side) => product * Number(side), 1);
  return Math.max(1, Math.min(most, Math.round(samples / own)));
}

/**
 * The mask of an image of the chain, the main one where nothing is said: the first full-resolution one that follows it
 * before any further page; undefined where there is none.
 */
export function maskDirectory(header: TiffHeader, of?: number): Directory | undefined {
  const images = classifyDirectories(header);
  if (of !== undefined && of >= images.length) return undefined;
  const after = of === undefined ? images : images.slice(of + 1);
  const page = after.findIndex(({ role }) => role === 'page' || (of !== undefined && role === 'main'));
  return after.slice(0, page < 0 ? undefined : page).find(({ role }) => role === 'mask')?.directory;
}
