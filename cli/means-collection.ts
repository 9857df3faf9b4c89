import { statSync } from 'node:fs';
import { isManifest } from '../coordinator/find/manifest-name.js';
import { isTemplate } from '../tiling/job/name-template.js';
import { isUrl } from '../tiling/places/url.js';
import { isZarrFolder } from '../tiling/zarr/zarr-folder.js';

/** Whether the names of a command mean many images: several, a folder, a pattern, a manifest, names with words, or several pages. */
export async function meansCollection(
  images: readonly string[],
  { map = '', output, page }: { map?: string; output: string; page?: number | string },
): Promise<boolean> {
  if (images.length !== 1 || typeof page === 'string' || isTemplate(output) || isTemplate(map) || /[/\\]$/.test(output))
    return true;
  const [image] = images as [string];
  if (isUrl(image) || image === '-') return false;
  const stat = statSync(image, { throwIfNoEntry: false });
  if (stat !== undefined) return stat.isDirectory() ? !isZarrFolder(image) : isManifest(image);
  if (/[/\\]$/.test(image) || isManifest(image)) return true;
  // Only for a name that is not there: an image that is starts sooner without the matcher of patterns.
  return (await import('tinyglobby')).isDynamicPattern(image);
}
