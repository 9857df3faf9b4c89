import { type Dirent, existsSync, opendirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { badInput } from '../../../tiling/errors.js';
import type { DatasetSpec } from '../../../tiling/job/dataset-spec.js';
import { type Dataset, DatasetCollector, type FrameEntry } from './dataset.js';
import type { Frame } from './frame-list.js';
import { MANIFEST_ENDINGS, readManifest } from './manifest.js';

/** Endings of files in folders that are frames, lower case: what the decoder surely reads. */
export const FRAME_ENDINGS = ['.png', '.webp', '.jpg', '.jpeg', '.tif', '.tiff', '.gif', '.avif'] as const;

/** Directory entries that are read at a time. */
const ENTRIES_AT_ONCE = 1024;

/** A dataset, and what lay among its frames. */
export interface FoundFrames extends Dataset {
  /** Files in folders that are no frames, by ending in lower case. */
  readonly passedOver: Readonly<Record<string, number>>;
}

/**
 * The dataset that a job's `frames` and `images` mean. A folder: each folder in it is a character with all frames
 * below it, and frames right in it are a character of the folder's own name; files that do not end as images do
 * are passed over. A pattern or a file: its character is the folder that the file lies in. A .csv, .yaml, .yml or
 * .json file: a manifest. Names that start with a dot are passed over.
 * @throws HalotileError bad-input where something is not there or nothing is found
 */
export async function findFrames({ frames, images }: Pick<DatasetSpec, 'frames' | 'images'>): Promise<FoundFrames> {
  const dataset = new DatasetCollector();
  const others = new Map<string, number>();
  for (const input of frames) for (const entry of await entriesOf(input, others)) dataset.add(entry);
  for (const { image, map, character, name } of images) {
    const entry = fileEntry(image);
    dataset.add({ ...entry, map, character: character ?? entry.character, name: name ?? entry.name });
  }
  const kinds = [...others].sort(([a], [b]) => (a < b ? -1 : 1));
  const seen = kinds.map(([ending, count]) => `${count} × ${ending || 'no ending'}`);
  const where = frames.join(' ') || 'images';
  return {
    ...dataset.finish(seen.length === 0 ? where : `${where} (${seen.join(', ')})`),
    passedOver: Object.fromEntries(kinds),
  };
}

async function entriesOf(input: string, others: Map<string, number>): Promise<Iterable<FrameEntry>> {
  const stat = existsSync(input) ? statSync(input) : undefined;
  if (stat?.isDirectory()) return folderEntries(input, others);
  if (stat !== undefined && !stat.isFile() && !isManifest(input)) {
    throw badInput({ what: 'not a regular file', where: input, expected: 'frames, a folder or a manifest' });
  }
  if (stat !== undefined) return isManifest(input) ? readManifest(input) : [fileEntry(input)];
  if (!isDynamicPattern(input)) {
    throw badInput({ what: 'no such file or folder', where: input, expected: 'frames, a folder or a manifest' });
  }
  const files = await matchingFiles(input);
  if (files.length === 0) throw badInput({ what: 'the pattern matches no file', where: input });
  return files.map(fileEntry);
}

/** Folders at the pattern's start that are there by that very name are meant, whatever brackets they hold. */
async function matchingFiles(pattern: string): Promise<string[]> {
  const parts = pattern.split('/');
  let depth = 0;
  while (depth < parts.length - 1 && isThere(parts.slice(0, depth + 1))) depth++;
  const folder = parts.slice(0, depth).join('/');
  const cwd = depth === 0 ? '.' : folder || '/';
  const files = await glob(parts.slice(depth).join('/'), { cwd, absolute: false, expandDirectories: false });
  return depth === 0 ? files : files.map((file) => `${folder}/${file}`);
}

function isThere(parts: readonly string[]): boolean {
  const path = parts.join('/') || '/';
  return existsSync(path) && statSync(path).isDirectory();
}

function isManifest(path: string): boolean {
  return (MANIFEST_ENDINGS as readonly string[]).includes(extname(path).toLowerCase());
}

function fileEntry(file: string): FrameEntry {
  const path = file.replace(/\/+$/, '');
  return { character: basename(dirname(resolve(path))), name: basename(path), path };
}

function* folderEntries(root: string, others: Map<string, number>): Generator<FrameEntry> {
  const own = basename(resolve(root));
  for (const entry of visible(root)) {
    const path = join(root, entry.name);
    if (isFolder(entry, path)) {
      for (const frame of framesBelow(path, '', others, [realpathSync(path)]))
        yield { character: entry.name, ...frame };
    } else if (isFrame(entry.name, others)) yield { character: own, name: entry.name, path };
  }
}

/** Links are followed, but for those that lead back to a folder above them, which are in `above` by their real paths. */
function* framesBelow(
  folder: string,
  prefix: string,
  others: Map<string, number>,
  above: readonly string[],
): Generator<Frame> {
  for (const entry of visible(folder)) {
    const path = join(folder, entry.name);
    if (isFolder(entry, path)) {
      const real = realpathSync(path);
      if (!above.includes(real)) yield* framesBelow(path, `${prefix}${entry.name}/`, others, [...above, real]);
    } else if (isFrame(entry.name, others)) yield { name: prefix + entry.name, path };
  }
}

/** The entries of a folder as they come from the disk, so that a million are never held at once. */
function* visible(folder: string): Generator<Dirent> {
  const directory = opendirSync(folder, { bufferSize: ENTRIES_AT_ONCE });
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

/** Bytes of a name that are no UTF-8 come as U+FFFD, under which the file is not found. */
function refuseUnreadableName(folder: string, name: string): void {
  const path = join(folder, name);
  if (!name.includes('\uFFFD') || existsSync(path)) return;
  throw badInput({
    what: 'the name is not UTF-8',
    where: path,
    remedy: 'rename it: convmv -f latin1 -t utf8 --notest',
  });
}

function isFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Counts what is not a frame. */
function isFrame(name: string, others: Map<string, number>): boolean {
  const ending = extname(name).toLowerCase();
  if ((FRAME_ENDINGS as readonly string[]).includes(ending)) return true;
  others.set(ending, (others.get(ending) ?? 0) + 1);
  return false;
}
