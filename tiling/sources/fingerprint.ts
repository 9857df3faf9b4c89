import { statSync } from 'node:fs';
import { HalotileError } from '../errors.js';
import { unreadable } from '../tiff/random-bytes.js';

/** What tells one state of an input file from another; decimal strings, so that it crosses JSON whole. */
export interface Fingerprint {
  readonly size: string;
  readonly mtimeNs: string;
  readonly inode: string;
}

/** A file and the state in which it was first seen. */
export interface SeenFile {
  readonly path: string;
  readonly fingerprint: Fingerprint;
}

/** @throws bad-input where the file cannot be seen */
export function fingerprintOf(path: string): Fingerprint {
  try {
    const { size, mtimeNs, ino } = statSync(path, { bigint: true });
    return { size: `${size}`, mtimeNs: `${mtimeNs}`, inode: `${ino}` };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** @throws input-changed where the file is not the one whose fingerprint was taken */
export function assertUnchanged({ path, fingerprint }: SeenFile): void {
  const now = fingerprintOf(path);
  const changed = (['size', 'mtimeNs', 'inode'] as const).filter((field) => now[field] !== fingerprint[field]);
  if (changed.length === 0) return;
  throw new HalotileError('input-changed', {
    what: `the file changed while it was read (${changed.join(', ')})`,
    where: path,
    remedy: 'run the job again once nothing writes to it',
  });
}
