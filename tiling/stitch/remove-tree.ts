import fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

// Those of node:fs/promises cost three times as much.
const [lstat, readdir, unlink] = [promisify(fs.lstat), promisify(fs.readdir), promisify(fs.unlink)];
const [rmdir, rm] = [promisify(fs.rmdir), promisify(fs.rm)];

/**
 * Removes a file, or a folder with what is in it; nothing where there is none. No link is followed. Whoever waits for it
 * does not hold up its thread: where others wait for their disk, removing a file takes as long as they do.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await removeEntry(path, (await lstat(path)).isDirectory());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    // Somebody else removes or adds something at the same time.
    await rm(path, { recursive: true, force: true });
  }
}

/** Removes what is most likely a file, and is not looked at first; otherwise as {@link removeTree} does. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') await removeTree(path);
  }
}

async function removeEntry(path: string, isFolder: boolean): Promise<void> {
  if (!isFolder) return unlink(path);
  const inside = await readdir(path, { withFileTypes: true });
  await Promise.all(inside.map((entry) => removeEntry(join(path, entry.name), entry.isDirectory())));
  await rmdir(path);
}
