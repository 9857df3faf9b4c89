import { writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { CoordinatorClient } from '../../proto/client/calls.js';
import { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import { filesOf } from '../../tiling/palette/frame-task.js';
import type { GrantedFrames } from '../frames/granted-frames.js';
import { BlockAssembler, streamParts } from './fetch-blocks.js';
import { withRetries } from './retry.js';

const ENDING = /^\.[A-Za-z0-9]{1,8}$/;

/**
 * Fetches files of a granted frame task, or the pieces that it needs, into a folder; returns their paths by
 * position, without those that are not there any more.
 * @throws not-found where the task is not wanted any more
 */
export async function fetchFiles(
  client: CoordinatorClient,
  { job, tile, frames }: Pick<GrantedFrames, 'job' | 'tile' | 'frames'>,
  positions: readonly number[],
  folder: string,
): Promise<Map<number, string>> {
  const fetched = new Map<number, string>();
  if (positions.length === 0) return fetched;
  const files = filesOf(frames);
  const answered = new Set<number>();
  await withRetries(async () => {
    const blocks = new BlockAssembler((position, bytes) => {
      answered.add(position);
      // A few formats are told by the file's ending.
      const ending = extname(files[position]!.path);
      const path = join(folder, `${position}${ENDING.test(ending) ? ending : ''}`);
      writeFileSync(path, bytes);
      fetched.set(position, path);
    });
    const indexes = positions.filter((position) => !answered.has(position));
    const request = { key: job, role: halotile.v1.SourceRole.SOURCE_ROLE_FRAME, stage: 0, tile, indexes };
    await streamParts(client, request, (part) => (part.lost ? answered.add(part.index) : blocks.add(part)));
    if (positions.some((position) => !answered.has(position))) {
      throw new HalotileError('data-loss', { what: 'fewer files came than were asked for', where: client.address });
    }
  });
  return fetched;
}
