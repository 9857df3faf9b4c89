import { writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { CoordinatorClient } from '../../proto/client/calls.js';
import { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import { type FilePlace, filesOf, isBand } from '../../tiling/palette/frame-task.js';
import type { GrantedFrames } from '../frames/granted-frames.js';
import { isPng } from '../frames/picture.js';
import { BlockAssembler, streamParts } from './fetch-blocks.js';
import { withRetries } from './retry.js';

const ENDING = /^\.[A-Za-z0-9]{1,8}$/;

/**
 * Fetches files of a granted frame task, or the pieces that it needs; returns by position where they are, without
 * those that are not there any more: pieces, and PNGs that no chain reads, are held, the others go into a folder.
 * @throws not-found where the task is not wanted any more
 */
export async function fetchFiles(
  client: CoordinatorClient,
  { job, tile, frames }: Pick<GrantedFrames, 'job' | 'tile' | 'frames'>,
  positions: readonly number[],
  folder: () => string,
): Promise<Map<number, FilePlace>> {
  const fetched = new Map<number, FilePlace>();
  if (positions.length === 0) return fetched;
  const files = filesOf(frames);
  const chained = isBand(frames) || frames.task.chain !== null;
  const answered = new Set<number>();
  await withRetries(async () => {
    const blocks = new BlockAssembler((position, bytes) => {
      answered.add(position);
      const { path: name, length } = files[position]!;
      // A few formats are told by the file's ending.
      const ending = extname(name);
      if (length !== undefined || (!chained && isPng(bytes))) fetched.set(position, { path: name, content: bytes });
      else {
        const path = join(folder(), `${position}${ENDING.test(ending) ? ending : ''}`);
        writeFileSync(path, bytes);
        fetched.set(position, { path });
      }
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
