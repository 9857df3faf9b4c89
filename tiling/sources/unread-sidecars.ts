import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, parse } from 'node:path';
import { isUrl } from '../places/url.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { TAG } from '../tiff/tags.js';

/** Tags that say where an image lies. */
const PLACING_TAGS: readonly number[] = [TAG.modelPixelScale, TAG.modelTiepoint, TAG.modelTransformation];
/** Far more than metadata take. */
const MAX_METADATA_BYTES = 16 << 20;
const REMEDY = 'put it into the image: gdal_translate --config GDAL_TIFF_INTERNAL_MASK YES IN OUT.tif';

/** What of all this is known, or of no use. */
export interface Said {
  readonly mask?: boolean;
  readonly nodata?: boolean;
  readonly place?: boolean;
}

/**
 * What lies beside an image and GDAL reads as part of it, where the image itself does not say it: a mask, nodata, and a
 * place on the ground. Nothing of that is read here, which whoever has such files should know.
 * @returns a sentence each
 */
export function unreadSidecars(
  path: string,
  { nodata, carried }: Pick<RasterInfo, 'nodata' | 'carried'>,
  said: Said,
): string[] {
  if (isUrl(path)) return [];
  const metadata = `${path}.aux.xml`;
  const text = metadataText(metadata);
  const isPlaced = said.place || carried.some(({ tag }) => PLACING_TAGS.includes(tag));
  const sentences: string[] = [];
  if (!said.mask && existsSync(`${path}.msk`))
    sentences.push(`${path}.msk: is not read, and what it masks counts as all else does`);
  if (!said.nodata && nodata === undefined && /<NoDataValue\b/.test(text))
    sentences.push(`${metadata}: is not read, and its nodata count as all else does`);
  const place = isPlaced ? undefined : /<GeoTransform>/.test(text) ? metadata : worldFiles(path).find(existsSync);
  if (place !== undefined) sentences.push(`${place}: is not read, and the output will not say where it lies`);
  return sentences.map((sentence) => `${sentence}; ${REMEDY}`);
}

/** Nothing where it cannot be read, or where no name can be so long: what is said of it is advice and ends no job. */
function metadataText(path: string): string {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.isFile() && stat.size <= MAX_METADATA_BYTES ? readFileSync(path, 'latin1') : '';
  } catch {
    return '';
  }
}

/** The names that GDAL looks for: `.tfw`, `.tifw` and `.wld` of a `.tif`, in small letters or in capitals. */
function worldFiles(path: string): string[] {
  const { dir, name, ext } = parse(path);
  const ending = ext.slice(1);
  const own = ending.length < 2 ? [] : [`${ending.slice(0, 1)}${ending.slice(-1)}w`, `${ending}w`];
  return [...own, 'wld']
    .flatMap((each) => [each.toLowerCase(), each.toUpperCase()])
    .map((each) => join(dir, `${name}.${each}`));
}
