import { type Dir, type Dirent, existsSync, opendirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { badInput } from '../../tiling/errors.js';
import { systemWords } from '../../tiling/system-fault.js';
import { isZarrFolder } from '../../tiling/zarr/zarr-folder.js';
import { type ManifestRow, readManifest } from './manifest.js';
import { isManifest } from './manifest-name.js';

/** Endings of files in folders that are images, lower case: what the decoder surely reads. */
export const IMAGE_ENDINGS = ['.png', '.webp', '.jpg', '.jpeg', '.tif', '.tiff', '.gif', '.avif'] as const;

/** Folders that are images where they are looked for. */
export const ZARR_ENDING = '.zarr';
const ZARR_PATTERN = /\.zarr\/*$/;

/** Directory entries that are read at a time. */
const ENTRIES_AT_ONCE = 1024;

/** An image that a name leads to, and by which way. */
export type FoundImage =
  /** `name` leads from the folder that was searched, with "/". */
  | { readonly by: 'folder'; readonly path: string; readonly name: string }
  | { readonly by: 'pattern' | 'file'; readonly path: string }
  | { readonly by: 'manifest'; readonly path: string; readonly row: ManifestRow };

/**
 * The images that a name leads to: a folder to all below it that end as images do, a pattern to what it matches, a
 * .csv, .yaml, .yml or .json file to its rows, any other file to itself. Names that start with a dot are passed over.
 * @param others counts files in folders that do not end in one of `endings`, by their ending in lower case
 * @throws HalotileError bad-input where nothing is there
 */
export async function findImages(
  name: string,
  others: Map<string, number>,
  endings: readonly string[] = IMAGE_ENDINGS,
): Promise<Iterable<FoundImage>> {
  const stat = entryAt(name);
  const withZarr = endings.includes(ZARR_ENDING);
  if (withZarr && stat?.isDirectory() && isZarrFolder(name)) return [{ by: 'file', path: plainPath(name) }];
  if (stat?.isDirectory()) return imagesBelow(name, '', { others, endings }, [realpathSync(name)]);
  if (stat !== undefined && !stat.isFile() && !isManifest(name)) {
    throw badInput({ what: 'not a regular file', file: name, expected: 'images, a folder or a manifest' });
  }
  if (stat !== undefined) return isManifest(name) ? rowsOf(name) : [{ by: 'file', path: plainPath(name) }];
  if (!isDynamicPattern(name)) {
    throw badInput({ what: 'no such file or folder', file: name, expected: 'images, a folder or a manifest' });
  }
  const files = await matchingFiles(name, withZarr && ZARR_PATTERN.test(name));
  if (files.length === 0) throw badInput({ what: 'the pattern matches no file', file: name });
  return files.map((path) => ({ by: 'pattern', path: plainPath(path) }));
}

/** What lies at a path; undefined where nothing does. @throws bad-input where that cannot be seen */
function entryAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw badInput({ what: `cannot be looked at: ${systemWords(cause)}`, file: path }, cause);
  }
}

/** Folders at the pattern's start that are there by that very name are meant, whatever brackets they hold. */
async function matchingFiles(pattern: string, onlyDirectories: boolean): Promise<string[]> {
  const parts = pattern.split('/');
  let depth = 0;
  while (depth < parts.length - 1 && isThere(parts.slice(0, depth + 1))) depth++;
  const folder = parts.slice(0, depth).join('/');
  const cwd = depth === 0 ? '.' : folder || '/';
  const files = await glob(parts.slice(depth).join('/'), {
    ...{ cwd, absolute: false, expandDirectories: false },
    ...(onlyDirectories && { onlyDirectories }),
  });
  return depth === 0 ? files : files.map((file) => `${folder}/${file}`);
}

function isThere(parts: readonly string[]): boolean {
  return entryAt(parts.join('/') || '/')?.isDirectory() ?? false;
}

function plainPath(path: string): string {
  return path.replace(/\/+$/, '');
}

function* rowsOf(path: string): Generator<FoundImage> {
  for (const row of readManifest(path)) yield { by: 'manifest', path: row.image, row };
}

interface FolderSearch {
  readonly others: Map<string, number>;
  readonly endings: readonly string[];
}

/** Links are followed, but for those that lead back to a folder above them, which are in `above` by their real paths. */
function* imagesBelow(
  folder: string,
  prefix: string,
  search: FolderSearch,
  above: readonly string[],
): Generator<FoundImage> {
  for (const entry of visible(folder)) {
    const path = join(folder, entry.name);
    if (isFolder(entry, path)) {
      // An unfinished output holds the image that it will be.
      if (entry.name.endsWith('.partial') && existsSync(join(path, '.halotile'))) continue;
      if (search.endings.includes(ZARR_ENDING) && entry.name.endsWith(ZARR_ENDING) && isZarrFolder(path)) {
        yield { by: 'folder', path, name: prefix + entry.name };
        continue;
      }
      const real = realpathSync(path);
      if (!above.includes(real)) yield* imagesBelow(path, `${prefix}${entry.name}/`, search, [...above, real]);
    } else if (isImage(entry.name, search)) yield { by: 'folder', path, name: prefix + basename(path) };
  }
}

/** The entries of a folder as they come from the disk, so that a million are never held at once. */
function* visible(folder: string): Generator<Dirent> {
  const directory = opened(folder);
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entry.name.startsWith('.')) continue;
      refuseUnreadableName(folder, entry.name);
      yield entry;
    }
  } finally {
    directory.closeSync();
  }
}

function opened(folder: string): Dir {
  try {
    return opendirSync(folder, { bufferSize: ENTRIES_AT_ONCE });
  } catch (cause) {
    throw badInput({ what: `the folder cannot be read: ${systemWords(cause)}`, file: folder }, cause);
  }
}

/** Bytes of a name that are no UTF-8 come as U+FFFD, under which the file is not found. */
function refuseUnreadableName(folder: string, name: string): void {
  const path = join(folder, name);
  if (!name.includes('\uFFFD') || existsSync(path)) return;
  throw badInput({
    what: 'the name is not UTF-8',
    file: path,
    remedy: 'rename it: convmv -f latin1 -t utf8 --notest',
  });
}

function isFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // A ring of links, or one into a folder that is closed to us: a file that cannot be read, if an image at all.
    return false;
  }
}

/** Counts what is not an image. */
function isImage(name: string, { others, endings }: FolderSearch): boolean {
  const ending = extname(name).toLowerCase();
  if (endings.includes(ending)) return true;
  others.set(ending, (others.get(ending) ?? 0) + 1);
  return false;
}
