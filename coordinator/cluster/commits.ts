import { unpack } from '../../proto/convert/pack.js';
import { readResult } from '../../proto/convert/task-result.js';
import type { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import type { Verdict } from '../scheduler/events.js';
import { ByteQueue } from './byte-queue.js';
import type { Cluster } from './cluster.js';
import { checkShape } from './expected-result.js';
import { NoResult } from './no-result.js';
import type { Sender } from './worker-link.js';

/**
 * Takes the result of a task: blocks are stored before it is judged, and what counts of the rest before the answer goes
 * back. What came before is neither stored nor put in the place of what is there. A worker is believed about pixels
 * and not about anything that follows from the plan and its lease: what is no result of the task counts against it.
 * @throws NoResult; data-loss for a CRC that does not match; not-found where the job is not open; not-allowed for a
 * worker that was sent away
 */
export async function commitTask(
  cluster: Cluster,
  sender: Sender,
  commit: halotile.v1.TaskCommit,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Verdict> {
  cluster.assertWelcome(sender);
  try {
    return await take(cluster, sender, commit, chunks);
  } catch (error) {
    if (error instanceof NoResult) cluster.refuse(sender, leaseOf(commit), error);
    throw error;
  }
}

async function take(
  cluster: Cluster,
  sender: Sender,
  commit: halotile.v1.TaskCommit,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Verdict> {
  const { key, stage, task: index, lease, crc } = commit;
  const job = cluster.openJob(key);
  if (!cluster.wasGranted(leaseOf(commit), sender)) {
    throw new NoResult({
      what: `lease ${lease} is none of this worker's for the task`,
      where: `task ${index} of ${key}`,
    });
  }
  const bytes = new ByteQueue(chunks);
  const address = { stage, tile: index, pixelCrc: crc, lease, instance: sender.instance, owner: sender.owner };
  if (cluster.isCommitted(key, address)) {
    await bytes.skip(bytesOf(commit));
    bytes.end();
    return cluster.judge(key, address);
  }
  const header = refusing(() => readResult(commit, null));
  checkShape(commit, header, job.granted({ stage, index }));
  let { part, blocks } = header;
  if (blocks.length > 0 && commit.offsets.length === 0) {
    blocks = await job.blocks.store(blocks, bytes);
    part = job.blocks.part;
  } else if (blocks.length > 0) await job.blocks.check(header, sender.name);
  const carried = new Map<number, Uint8Array>();
  for (const { output, length, crc: of } of commit.files.filter((file) => file.carried)) {
    carried.set(output ?? 0, await bytes.takeWhole({ length: length ?? 0, crc: of ?? 0 }, `output ${output}`));
  }
  const pieces: Uint8Array[] = [];
  for (const { length, crc: of } of commit.pieces) {
    pieces.push(await bytes.takeWhole({ length: length ?? 0, crc: of ?? 0 }, 'a result'));
  }
  bytes.end();
  const value = refusing(() => unpack<never>({ json: commit.valueJson, pieces }));
  const brought = { result: { ...header, part, blocks, value }, lease, carried };
  await job.check(brought);
  const verdict = cluster.judge(key, address);
  if (verdict === 'commit') cluster.observer?.committed(brought.result);
  if (verdict === 'commit') await job.resolve(brought);
  return verdict;
}

/** Bytes that follow a commit. */
function bytesOf({ offsets, lengths, files, pieces }: halotile.v1.TaskCommit): number {
  const blocks = offsets.length === 0 ? lengths.map((length) => ({ length })) : [];
  const carried = files.filter((file) => file.carried);
  return [...blocks, ...carried, ...pieces].reduce((sum, { length }) => sum + (length ?? 0), 0);
}

/** What cannot even be read is no result. */
function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof NoResult) throw error;
    const detail = error instanceof HalotileError ? error.detail : { what: `it cannot be read (${error})` };
    throw new NoResult(detail, error);
  }
}

function leaseOf({ key, stage, task, lease }: halotile.v1.TaskCommit) {
  return { job: key, stage, tile: task, lease };
}
