import { rgbInfo } from '../../tiling/colours/to-rgb.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import { describePicture } from '../../tiling/sources/ingest.js';
import { describeZarr } from '../../tiling/sources/ingest-zarr.js';
import { orByLibvips } from '../../tiling/sources/open-raster.js';
import { openIfTiff } from '../../tiling/sources/tiff-file-source.js';
import { uprightInfo } from '../../tiling/sources/turn-upright.js';
import { isZarrFolder } from '../../tiling/zarr/zarr-folder.js';

/**
 * What an image's header says; no pixel is read.
 * @throws HalotileError bad-input where it cannot be read
 */
export async function lookAt(
  path: string,
  { page, orient, colour }: Pick<Partial<JobSpec>, 'page' | 'orient' | 'colour'> = {},
): Promise<RasterInfo> {
  const stored = await lookAtStored(path, page);
  const info = colour === 'rgb' ? rgbInfo(stored, path) : stored;
  return orient === 'apply' ? uprightInfo(info, path) : info;
}

async function lookAtStored(path: string, page: number | undefined): Promise<RasterInfo> {
  if (isZarrFolder(path)) return (await describeZarr(path, page)).info;
  const byLibvips = async () => (await describePicture(path, { page })).info;
  return orByLibvips(() => {
    const source = openIfTiff(path, { page });
    source?.close();
    return source?.info ?? byLibvips();
  }, byLibvips);
}
