import { type Dirent, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { badInput } from '../../tiling/errors.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import { type Dataset, datasetOf, type FrameEntry } from './dataset.js';
import { MANIFEST_ENDINGS, readManifest } from './manifest.js';

/**
 * The dataset that a job's `frames` and `images` mean. A folder: each folder in it is a character with all PNGs below it, and PNGs
 * right in it are a character of the folder's own name. A pattern or a file: its character is the folder that
 * the file lies in. A .csv, .yaml, .yml or .json file: a manifest. Names that start with a dot are passed over.
 * @throws HalotileError bad-input where something is not there or nothing is found
 */
export async function findFrames({ frames, images }: Pick<DatasetSpec, 'frames' | 'images'>): Promise<Dataset> {
  const entries: FrameEntry[] = [];
  for (const input of frames) for (const entry of await entriesOf(input)) entries.push(entry);
  for (const { image, map, character } of images) {
    const entry = fileEntry(image);
    entries.push({ ...entry, map, character: character ?? entry.character });
  }
  return datasetOf(entries, frames.join(' ') || 'images');
}

async function entriesOf(input: string): Promise<FrameEntry[]> {
  const stat = statSync(input, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return folderEntries(input);
  if (stat !== undefined) return isManifest(input) ? readManifest(input) : [fileEntry(input)];
  if (!isDynamicPattern(input)) {
    throw badInput({ what: 'no such file or folder', where: input, expected: 'frames, a folder or a manifest' });
  }
  const files = await glob(input, { absolute: false, expandDirectories: false });
  if (files.length === 0) throw badInput({ what: 'the pattern matches no file', where: input });
  return files.map(fileEntry);
}

function isManifest(path: string): boolean {
  return (MANIFEST_ENDINGS as readonly string[]).includes(extname(path).toLowerCase());
}

function fileEntry(path: string): FrameEntry {
  return { character: basename(dirname(resolve(path))), name: basename(path), path };
}

function folderEntries(root: string): FrameEntry[] {
  const own = basename(resolve(root));
  return visible(root).flatMap((entry) => {
    const path = join(root, entry.name);
    if (isFolder(entry, path)) return framesBelow(path, '').map((frame) => ({ character: entry.name, ...frame }));
    return isPng(entry.name) ? [{ character: own, name: entry.name, path }] : [];
  });
}

function framesBelow(folder: string, prefix: string): { readonly name: string; readonly path: string }[] {
  return visible(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return framesBelow(path, `${prefix}${entry.name}/`);
    return isPng(entry.name) ? [{ name: prefix + entry.name, path }] : [];
  });
}

function visible(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
}

function isFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isPng(name: string): boolean {
  return extname(name).toLowerCase() === '.png';
}
