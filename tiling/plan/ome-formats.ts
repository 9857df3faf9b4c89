import { badUsage } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import { outputFormatOf } from '../job/output-format.js';
import { withOmeXml } from '../raster/carried/index.js';
import { PHOTOMETRIC, type RasterInfo } from '../raster/raster-info.js';
import type { Plan } from './plan.js';

/**
 * What an OME-TIFF or OME-Zarr image changes of a plan. The description of an OME-TIFF is OME-XML, and its overviews are
 * parts of its image's directory. Nothing where the output is neither.
 * @throws bad-usage where it has a mask, which Zarr lacks and readers do not find behind such parts
 */
export function resolveOme(
  spec: JobSpec,
  output: RasterInfo,
  isMasked: boolean,
): Partial<Pick<Plan, 'output' | 'subDirectories' | 'isZarr'>> {
  const format = outputFormatOf(spec.output);
  if (format !== 'ome-tiff' && format !== 'ome-zarr') return {};
  if (isMasked) {
    throw badUsage({
      what: `an ${format === 'ome-tiff' ? 'OME-TIFF' : 'OME-Zarr image'} cannot hold a mask`,
      file: spec.output,
      expected: 'a GeoTIFF, which has one',
      remedy: 'end its name in .tif alone, or give --mask ignore',
    });
  }
  if (format === 'ome-zarr') {
    // Its samples have no sign, and a* and b* would need one.
    const isLab = output.photometric === PHOTOMETRIC.cielab;
    return { isZarr: true, ...(isLab && { output: { ...output, photometric: PHOTOMETRIC.icclab } }) };
  }
  return { output: { ...output, carried: withOmeXml(output, spec.output) }, subDirectories: true };
}
