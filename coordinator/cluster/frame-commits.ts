import { crc32 } from 'node:zlib';
import type { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import { unpackReply } from '../../tiling/palette/frame-reply.js';
import type { Verdict } from '../scheduler/events.js';
import type { Cluster } from './cluster.js';
import { byteQueue } from './inline-store.js';

/** Bytes that one result may bring. */
const MAX_BYTES = 512 << 20;

/**
 * Takes the result of a frame task: what counts is stored before the answer goes back.
 * @throws data-loss for a CRC that does not match; over-limit; not-found where the frames are not open
 */
export async function commitFrames(
  cluster: Cluster,
  commit: halotile.v1.TileCommit,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Verdict> {
  const { key, stage, tile, lease, pixelCrc, framesJson, lengths, crcs } = commit;
  const job = cluster.openFrames(key);
  if (lengths.reduce((sum, length) => sum + length, 0) > MAX_BYTES) {
    throw new HalotileError('over-limit', { what: 'a result of frames is too large', expected: `${MAX_BYTES} bytes` });
  }
  const pieces: Uint8Array[] = [];
  const bytes = byteQueue(chunks);
  for (const [index, length] of lengths.entries()) {
    const piece = Buffer.concat(await bytes.take(length), length);
    if (crc32(piece) !== crcs[index]) {
      const where = `frames task ${tile}`;
      throw new HalotileError('data-loss', { what: 'a result was damaged on its way', where, remedy: 'send it again' });
    }
    pieces.push(piece);
  }
  const result = unpackReply({ json: framesJson, pieces });
  if (!cluster.isCommitted(key, { stage, tile })) await job.check(result, lease);
  const verdict = cluster.judge(key, { stage, tile, pixelCrc, lease });
  if (verdict === 'commit') await job.take(tile, result, lease);
  return verdict;
}
