import { unpack } from '../../proto/convert/pack.js';
import { readResult } from '../../proto/convert/task-result.js';
import type { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import type { Verdict } from '../scheduler/events.js';
import { ByteQueue } from './byte-queue.js';
import type { Cluster } from './cluster.js';

/** Bytes of files and values that one result may bring; blocks are bounded by the plan. */
const MAX_BYTES = 512 << 20;

/**
 * Takes the result of a task: blocks are stored before it is judged, and what counts of the rest before the answer goes
 * back. What came before is neither stored nor put in the place of what is there.
 * @throws data-loss for a CRC that does not match; over-limit; not-found where the job is not open
 */
export async function commitTask(
  cluster: Cluster,
  commit: halotile.v1.TaskCommit,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Verdict> {
  const { key, stage, task: index, lease, crc } = commit;
  const job = cluster.openJob(key);
  const bytes = new ByteQueue(chunks);
  const address = { stage, tile: index, pixelCrc: crc, lease };
  if (cluster.isCommitted(key, address)) {
    await bytes.drain();
    return cluster.judge(key, address);
  }
  const carriedFiles = commit.files.filter(({ carried }) => carried);
  const announced = [...carriedFiles, ...commit.pieces].reduce((sum, { length }) => sum + (length ?? 0), 0);
  if (announced > MAX_BYTES) {
    throw new HalotileError('over-limit', { what: 'a result brings too many bytes', expected: `${MAX_BYTES}` });
  }
  const header = readResult(commit, null);
  let { part, blocks } = header;
  if (blocks.length > 0 && commit.offsets.length === 0) {
    blocks = await job.blocks.store(blocks, bytes);
    part = job.blocks.part;
  } else if (blocks.length > 0) await job.blocks.check(header);
  const carried = new Map<number, Uint8Array>();
  for (const { output, length, crc: of } of carriedFiles) {
    carried.set(output ?? 0, await bytes.takeWhole({ length: length ?? 0, crc: of ?? 0 }, `output ${output}`));
  }
  const pieces: Uint8Array[] = [];
  for (const { length, crc: of } of commit.pieces) {
    pieces.push(await bytes.takeWhole({ length: length ?? 0, crc: of ?? 0 }, 'a result'));
  }
  const value = unpack<never>({ json: commit.valueJson, pieces });
  const brought = { result: { ...header, part, blocks, value }, lease, carried };
  await job.check(brought);
  const verdict = cluster.judge(key, address);
  if (verdict === 'commit') await job.resolve(brought);
  return verdict;
}
