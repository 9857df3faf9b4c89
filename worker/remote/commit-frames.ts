import { crc32 } from 'node:zlib';
import type { CoordinatorClient } from '../../proto/client/calls.js';
import { type CarriedReply, packReply, replyCrc } from '../../tiling/palette/frame-reply.js';
import type { GrantedFrames } from '../frames/granted-frames.js';
import { sendCommit } from './commit-tile.js';

/**
 * Hands the result of a frame task to its coordinator.
 * @throws not-found where nobody waits for it any more
 */
export async function commitFrames(
  client: CoordinatorClient,
  { job, tile, attempt, lease }: Pick<GrantedFrames, 'job' | 'tile' | 'attempt' | 'lease'>,
  result: CarriedReply,
): Promise<void> {
  const { json, pieces } = packReply(result);
  const header = {
    ...{ key: job, stage: 0, tile, attempt, lease, framesJson: json, pixelCrc: replyCrc(result.reply) },
    lengths: pieces.map((piece) => piece.length),
    crcs: pieces.map((piece) => crc32(piece)),
  };
  await sendCommit(client, header, pieces);
}
