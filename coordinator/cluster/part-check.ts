import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput, HalotileError } from '../../tiling/errors.js';
import type { SinkRef, TileResult } from '../../tiling/job/execution.js';

const PART_NAME = /^part-[A-Za-z0-9._-]{1,200}$/;

/**
 * Checks that a part file which a worker wrote by itself can be seen here and holds what the result says, as
 * far as its size tells; assembly checks the bytes.
 * @throws bad-input for a name that is no part file; output-failed where bytes are missing
 */
export async function checkPart(
  sink: Exclude<SinkRef, { kind: 'coordinator' }>,
  { part, blocks }: TileResult,
): Promise<void> {
  if (sink.kind === 'placed') return;
  if (!PART_NAME.test(part)) throw badInput({ what: `'${part}' is no part file`, expected: 'a name like part-HOST-1' });
  const end = blocks.reduce((max, { offset, length }) => Math.max(max, offset + length), 0);
  const path = join(sink.partial, sink.epoch, part);
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size >= end) return;
  throw new HalotileError('output-failed', {
    what: `${size} of ${end} bytes are visible to the coordinator`,
    where: path,
    remedy: 'use storage that shows writes to other machines when the file is synced, or leave the root out',
  });
}
