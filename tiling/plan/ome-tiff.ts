import { badUsage } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import { outputFormatOf } from '../job/output-format.js';
import { withOmeXml } from '../raster/carried/index.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { Plan } from './plan.js';

/**
 * What an OME-TIFF changes of a plan: its description is OME-XML, and its overviews are parts of its image's
 * directory. Nothing where the output is none.
 * @throws bad-usage where it has a mask: readers find none behind such parts
 */
export function resolveOmeTiff(
  spec: JobSpec,
  output: RasterInfo,
  isMasked: boolean,
): Partial<Pick<Plan, 'output' | 'subDirectories'>> {
  if (outputFormatOf(spec.output) !== 'ome-tiff') return {};
  if (isMasked) {
    throw badUsage({
      what: 'an OME-TIFF cannot hold a mask',
      where: spec.output,
      expected: 'a GeoTIFF, which has one',
      remedy: 'end its name in .tif without .ome, or give --mask ignore',
    });
  }
  return { output: { ...output, carried: withOmeXml(output, spec.output) }, subDirectories: true };
}
