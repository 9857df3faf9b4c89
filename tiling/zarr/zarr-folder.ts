import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isS3Url, isUrl } from '../places/url.js';

/** What the folder of a group or array of Zarr 3 and 2 holds, and the attributes of the latter. */
export const ZARR_FILES = ['zarr.json', '.zarray', '.zgroup', '.zattrs'] as const;

/** A URL's path, or one of the folders in it, that says by its name what it is: a store is asked for what has a name. */
const ZARR_URL = /\.zarr(?:\/|$)/i;

/** Whether a path is the folder of a Zarr group or array, or a URL named like one. */
export function isZarrFolder(path: string): boolean {
  if (isUrl(path)) return ZARR_URL.test(isS3Url(path) || !URL.canParse(path) ? path : new URL(path).pathname);
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
