import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../make-folder.js';

/** Places that this process has cleared of what dead ones left. */
const cleared = new Set<string>();

/**
 * A new folder in `directory` for what one call or task needs for a while; who made it removes it. The first time, what
 * processes of this machine left there under the same name and died is removed.
 * @param name lower-case letters and dashes
 */
export function makeScratchFolder(directory: string, name: string): string {
  makeFolder(directory);
  const ours = `${name}-${hostname()}-`;
  if (!cleared.has(join(directory, ours))) removeLeft(directory, ours);
  cleared.add(join(directory, ours));
  return mkdtempSync(join(directory, `${ours}${process.pid}-`));
}

function removeLeft(directory: string, ours: string): void {
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
