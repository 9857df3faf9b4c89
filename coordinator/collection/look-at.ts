import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import { describePicture } from '../../tiling/sources/ingest.js';
import { describeZarr } from '../../tiling/sources/ingest-zarr.js';
import { orByLibvips, startsLikeTiff } from '../../tiling/sources/open-raster.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { isZarrFolder } from '../../tiling/zarr/zarr-folder.js';

/**
 * What an image's header says; no pixel is read.
 * @param page which image of a file of several, from 1
 * @throws HalotileError bad-input where it cannot be read
 */
export async function lookAt(path: string, page?: number): Promise<RasterInfo> {
  if (isZarrFolder(path)) return (await describeZarr(path, page)).info;
  if (!startsLikeTiff(path)) return describePicture(path, page);
  return orByLibvips(
    () => {
      const source = openTiffSource(path, { page });
      source.close();
      return source.info;
    },
    () => describePicture(path, page),
  );
}
