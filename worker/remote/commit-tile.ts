import { type CoordinatorClient, writeWhenReady } from '../../proto/client/calls.js';
import { writeTileResult } from '../../proto/convert/tile-result.js';
import type { halotile } from '../../proto/gen/messages.js';
import { Workers } from '../../proto/gen/services.js';
import type { TileResult } from '../../tiling/job/execution.js';
import { withRetries } from './retry.js';

/** Bytes of one message. */
const MESSAGE_BYTES = 1 << 20;

/**
 * Hands a finished tile to its coordinator: where its blocks were written, or with `bytes` the blocks
 * themselves, in the result's order. Returns what became of it.
 * @throws not-found where the job is over
 */
export function commitTile(
  client: CoordinatorClient,
  { key, lease }: { readonly key: string; readonly lease: number },
  result: TileResult,
  bytes: readonly Uint8Array[],
): Promise<halotile.v1.CommitOutcome> {
  return sendCommit(client, writeTileResult({ key, lease, inline: bytes.length > 0 }, result), bytes);
}

/** Sends a commit's header and its bytes, again where they did not arrive; returns what became of it. */
export function sendCommit(
  client: CoordinatorClient,
  commit: halotile.v1.ITileCommit,
  bytes: readonly Uint8Array[],
): Promise<halotile.v1.CommitOutcome> {
  return withRetries(async () => {
    const { stream, response } = client.clientStream(Workers.commitTile);
    // A stream that breaks tells its response too.
    stream.on('error', () => {});
    response.catch(() => {});
    await writeWhenReady(stream, { commit });
    for (const block of bytes) {
      for (let start = 0; start < block.length; start += MESSAGE_BYTES) {
        if (!(await writeWhenReady(stream, { data: block.subarray(start, start + MESSAGE_BYTES) }))) break;
      }
    }
    stream.end();
    return (await response).outcome;
  });
}
