import { crc32 } from 'node:zlib';
import { HalotileError } from '../../tiling/errors.js';
import { countFrames } from '../frames/count-frames.js';
import type { Runner } from './runner.js';

/** Decodes, filters, downscales and counts frames, and keeps the small pixels where they are wanted. */
export const count: Runner<'count'> = async ({ data, outbox, byReference, named }) => {
  const counted = await countFrames(data, (position, { rgba, size }) => {
    const place = data.spill === null ? null : outbox.spill(position, data.spill, rgba);
    return place && { ...place, size };
  });
  const failures = counted.failures.map(({ index, error }) => ({ index, error: named(error) }));
  const value = { ...counted, failures };
  const [first] = failures;
  // The same frame may well be readable where the job is run.
  if (first !== undefined && byReference) throw new HalotileError(first.error.tag, first.error.detail);
  const crc = crc32(value.counts);
  const kept = value.frames.reduce((sum, { spilled, fromSpill }) => {
    return sum + (spilled === null || fromSpill ? 0 : spilled.size.width * spilled.size.height * 4);
  }, 0);
  // Without a chain, an image of fewer bytes than its pixels had better travel once more.
  if (!outbox.spillTravels || data.chain !== null || kept <= value.bytesRead) return { value, crc };
  outbox.dropSpilled();
  const frames = value.frames.map((frame) => (frame.fromSpill ? frame : { ...frame, spilled: null }));
  return { value: { ...value, frames }, crc };
};
