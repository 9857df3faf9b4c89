import { inputOf } from '../../tiling/work/work-job.js';
import { scanMap } from '../tile/scan-map.js';
import type { Runner } from './runner.js';

/** Looks for the largest value of a map's rect. */
export const scan: Runner<'scan'> = async ({ task: { data }, thread, job }) => {
  return { value: { max: await scanMap(inputOf(job, 'map')!, data, thread) }, crc: 0 };
};
