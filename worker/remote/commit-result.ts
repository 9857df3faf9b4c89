import { crc32 } from 'node:zlib';
import type { CoordinatorClient } from '../../proto/client/calls.js';
import { type PackedData, pack } from '../../proto/convert/pack.js';
import { type CommitAddress, writeResult } from '../../proto/convert/task-result.js';
import type { halotile } from '../../proto/gen/messages.js';
import type { TaskResult } from '../../tiling/work/task.js';
import { sendCommit } from './commit-stream.js';
import { withRetries } from './retry.js';

/** Bytes that a result brings along; what it leaves out lies in storage, or there is none. */
export interface ResultBytes {
  /** In the result's order. */
  readonly blocks?: readonly Uint8Array[];
  /** By position among the task's outputs. */
  readonly files?: ReadonlyMap<number, Uint8Array>;
  /** The result's value, packed. */
  readonly value?: PackedData;
  /** The span that handing over is part of. */
  readonly traceparent?: string;
}

/**
 * Hands a finished task to its coordinator, again where that did not arrive. Returns what became of it.
 * @throws not-found where the job is over
 */
export function commitResult(
  client: CoordinatorClient,
  address: CommitAddress,
  result: TaskResult,
  { blocks = [], files = new Map(), value = pack(result.value), traceparent }: ResultBytes = {},
): Promise<halotile.v1.CommitOutcome> {
  const commit = writeResult(address, result, {
    inline: blocks.length > 0,
    carried: files,
    valueJson: value.json,
    pieces: value.pieces.map((piece) => ({ length: piece.length, crc: crc32(piece) })),
  });
  const carried = result.files.flatMap(({ output }) => files.get(output) ?? []);
  const bytes = [...blocks, ...carried, ...value.pieces];
  return withRetries(async () => (await sendCommit(client, commit, bytes, traceparent)).outcome);
}
