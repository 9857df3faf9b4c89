import type { WorkInput } from '../../tiling/work/work-job.js';
import { withPyramid } from './make-pyramid.js';
import { withCornerTable } from './sum-cells.js';
import type { SummaryMeans } from './summary-means.js';

/** The inputs of a job with all that its wide windows read of the whole image, which is made where it is not there. */
export async function withSummaries(means: SummaryMeans): Promise<WorkInput[]> {
  return withPyramid({ ...means, inputs: await withCornerTable(means) });
}
