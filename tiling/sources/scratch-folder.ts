import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../make-folder.js';

/** Characters by which the folders of one process differ. */
const SUFFIX = 6;

/** Places that this process has cleared of what dead ones left. */
const cleared = new Set<string>();

/**
 * A new folder in `directory` for what one call or task needs for a while; who made it removes it. The first time, what
 * processes of this machine left there under the same name and died is removed.
 * @param name lower-case letters and dashes
 */
export function makeScratchFolder(directory: string, name: string): string {
  makeFolder(directory);
  return mkdtempSync(ownPrefix(directory, name));
}

/** The name of such a folder for what is seldom needed: nobody else has it, and who does need it makes the folder. */
export function scratchFolderName(directory: string, name: string): string {
  return `${ownPrefix(directory, name)}${randomBytes(SUFFIX / 2).toString('hex')}`;
}

/** What all names of this process begin with. */
function ownPrefix(directory: string, name: string): string {
  const ours = `${name}-${hostname()}-`;
  const place = join(directory, ours);
  if (!cleared.has(place)) {
    removeLeft(directory, ours);
    cleared.add(place);
  }
  return `${place}${process.pid}-`;
}

function removeLeft(directory: string, ours: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (!entry.isDirectory() || !entry.name.startsWith(ours)) continue;
    const pid = /^(\d+)-[A-Za-z0-9]{6}$/.exec(entry.name.slice(ours.length))?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmSync(join(directory, entry.name), { recursive: true, force: true });
    } catch {
      // Another user's: not ours to remove.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
