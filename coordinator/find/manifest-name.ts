import { extname } from 'node:path';

/** Endings of files that are read as manifests. */
const MANIFEST_ENDINGS: readonly string[] = ['.csv', '.yaml', '.yml', '.json'];

/** Whether a name is one of a list of images. */
export function isManifest(path: string): boolean {
  return MANIFEST_ENDINGS.includes(extname(path).toLowerCase());
}
