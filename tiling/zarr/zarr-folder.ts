import { statSync } from 'node:fs';
import { join } from 'node:path';

/** What the folder of a group or array of Zarr 3 and 2 holds, and the attributes of the latter. */
export const ZARR_FILES = ['zarr.json', '.zarray', '.zgroup', '.zattrs'] as const;

/** Whether a path is the folder of a Zarr group or array. */
export function isZarrFolder(path: string): boolean {
  try {
    return (
      statSync(path).isDirectory() &&
      ZARR_FILES.some((name) => statSync(join(path, name), { throwIfNoEntry: false })?.isFile() === true)
    );
  } catch {
    // What cannot be looked at is said by whoever opens it.
    return false;
  }
}
