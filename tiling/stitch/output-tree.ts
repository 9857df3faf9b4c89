import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { badUsage } from '../errors.js';
import { filesBelow } from '../files-below.js';
import { outputFolderOf } from '../job/output-format.js';
import { CREATOR } from '../zarr/metadata.js';
import { keepOwnerAndMode } from './output-file.js';

/** By which a folder is known to be an output of ours, and what it says. */
export const TREE_MARK = '.halotile';
export const MARK_TEXT = 'An output of halotile: the job that makes it anew replaces this folder.\n';
/** What lies in a folder of tiles or arrays: one folder for each level. */
const OWN_ENTRY = /^(?:\.halotile|zarr\.json|\d+)$/;

const groupSchema = z.object({ attributes: z.object({ _creator: z.object({ name: z.literal(CREATOR) }) }) });

/** A finished file or folder and the name that it gets. */
export interface MadeEntry {
  readonly from: string;
  readonly to: string;
}

/** Whether all that lies in a folder of tiles or arrays may be what halotile made. */
export function areOwnEntries(names: readonly string[]): boolean {
  return names.every((name) => OWN_ENTRY.test(name));
}

/** Marks a folder as an output of ours. */
export function markTree(folder: string): void {
  writeFileSync(join(folder, TREE_MARK), MARK_TEXT);
}

/**
 * Refuses an output whose folder is there and holds anything that halotile did not make.
 * @throws bad-usage
 */
export function checkTreePlace(output: string): void {
  const folder = outputFolderOf(output);
  const stat = folder === undefined ? undefined : lstatSync(folder, { throwIfNoEntry: false });
  if (folder === undefined || stat === undefined) return;
  if (stat.isDirectory()) {
    const names = readdirSync(folder);
    if (names.length === 0) return;
    const isOurs = folder === output ? isOwnGroup(folder) : names.includes(TREE_MARK);
    if (isOurs && areOwnEntries(names)) return;
  }
  throw badUsage({
    what: 'what halotile did not make is where the folder of the output would be',
    file: folder,
    remedy: 'move it away, or choose another output',
  });
}

/** Whether a Zarr group says that halotile made it; readers would wonder about a mark in it. */
function isOwnGroup(folder: string): boolean {
  try {
    return groupSchema.safeParse(JSON.parse(readFileSync(join(folder, 'zarr.json'), 'utf8'))).success;
  } catch {
    return false;
  }
}

/**
 * Gives what an output is made of its names, the last one last: while that is missing, the output is. What had them
 * goes to `aside`, a folder to be made on the same file system, and returns where this fails.
 * @throws bad-usage as {@link checkTreePlace}
 */
export function publishTree(output: string, made: readonly MadeEntry[], aside: string): void {
  checkTreePlace(output);
  mkdirSync(aside);
  const moved: MadeEntry[] = [];
  const move = (from: string, to: string) => {
    renameSync(from, to);
    moved.push({ from, to });
  };
  try {
    for (const { from, to } of made.toReversed()) {
      if (!existsSync(to)) continue;
      keepOwnerAndMode(from, statSync(to));
      move(to, join(aside, basename(to)));
    }
    for (const { from, to } of made) move(from, to);
  } catch (error) {
    for (const { from, to } of moved.reverse()) renameSync(to, from);
    throw error;
  }
}

/** Bytes of all files of an output. */
export function treeBytes(output: string): number {
  const folder = outputFolderOf(output);
  let bytes = folder === output ? 0 : statSync(output).size;
  if (folder !== undefined) for (const file of filesBelow(folder)) bytes += statSync(file).size;
  return bytes;
}

/** Makes the bytes of all files below a folder survive a power loss. */
export function syncTree(folder: string): void {
  for (const path of [...filesBelow(folder), folder]) {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}
