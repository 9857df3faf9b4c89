import { inputOf } from '../../tiling/work/work-job.js';
import { bitsIn } from '../tile/scan-samples.js';
import type { Runner } from './runner.js';

/** Looks for the bits of samples in a rect of an image. */
export const bits: Runner<'bits'> = async ({ task: { data }, thread, job }) => {
  const source = thread.storage.openSource(inputOf(job, 'image')!);
  try {
    return { value: await bitsIn(source, data, thread.nowMs), crc: 0 };
  } finally {
    source.close();
  }
};
