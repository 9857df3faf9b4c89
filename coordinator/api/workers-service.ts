import type { ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { halotile } from '../../proto/gen/messages.js';
import { Workers } from '../../proto/gen/services.js';
import { badUsage, HalotileError } from '../../tiling/errors.js';
import { traced } from '../../tiling/tracing.js';
import type { Cluster } from '../cluster/cluster.js';
import { commitTask } from '../cluster/commits.js';
import { blockMessages, type InlineSource, pieceMessages, rectMessages } from '../cluster/inline-reads.js';
import { senderOf } from './auth.js';
import { exchanges, type IdleStreams } from './handlers.js';
import { messageStream } from './message-stream.js';
import { WorkerStream, type WorkersServiceOptions } from './worker-stream.js';

const { CommitOutcome } = halotile.v1;

/** The service's methods as grpc-js wants them; blocks come from it encoded, see block-message.ts. */
export const WORKERS_DEFINITION: ServiceDefinition = {
  ...(Workers as ServiceDefinition),
  fetchBlocks: { ...Workers.fetchBlocks, responseSerialize: (message: Buffer) => message },
};

/** The service that workers call; see proto/halotile/v1/workers.proto. */
export function workersService(options: WorkersServiceOptions, idle: IdleStreams): UntypedServiceImplementation {
  const { cluster, threads, fail } = options;
  let streams = 0;

  function readMessages(source: InlineSource, { rect, indexes }: halotile.v1.FetchBlocksRequest) {
    return rect ? rectMessages(threads, source, rectOf(rect)) : blockMessages(threads, source, indexes);
  }

  /** Reads a raster that was opened for one request. */
  async function* taskMessages(source: InlineSource, request: halotile.v1.FetchBlocksRequest) {
    try {
      yield* readMessages(source, request);
    } finally {
      source.file.release();
    }
  }

  return {
    attach: (call: ServerDuplexStream<halotile.v1.AttachRequest, halotile.v1.IAttachResponse>) => {
      new WorkerStream(++streams, call, options);
    },

    fetchBlocks: messageStream(fail, cluster.observer, (request: halotile.v1.FetchBlocksRequest) => {
      const { key, task, input, pieces } = request;
      const job = cluster.openJob(key);
      if (!task) return readMessages(job.input(input), request);
      const name = { stage: task.stage ?? 0, index: task.index ?? 0 };
      if (pieces.length > 0) return pieceMessages(threads, pieces, job.pieces(name));
      return taskMessages(job.taskRaster(name, input), request);
    }),

    commitTiles: exchanges(
      fail,
      idle,
      async (
        first: halotile.v1.CommitTilesRequest,
        rest: AsyncIterable<halotile.v1.CommitTilesRequest>,
        caller,
        parent,
      ) => {
        const { commit } = first;
        if (!commit) throw badUsage({ what: 'a message without a commit where one begins' });
        const header = new halotile.v1.TaskCommit(commit);
        const sender = senderOf(caller, header.instance);
        // Only what somebody traces: a commit by itself tells nothing.
        const tracing = parent === undefined ? undefined : options.tracing;
        const verdict = await traced(tracing, { name: 'store', parent, answers: 'call', isOneOfMany: true }, () =>
          commitTask(cluster, sender, header, dataOf(rest, cluster)),
        );
        // The job writes its ledger in the turns that follow; the answer may wait for that.
        await new Promise((resolve) => setImmediate(resolve));
        switch (verdict) {
          case 'commit':
            return { outcome: CommitOutcome.COMMIT_OUTCOME_COMMITTED };
          case 'held':
            return { outcome: CommitOutcome.COMMIT_OUTCOME_HELD };
          case 'duplicate':
            return { outcome: CommitOutcome.COMMIT_OUTCOME_DUPLICATE };
          case 'unequal':
            return { outcome: CommitOutcome.COMMIT_OUTCOME_UNEQUAL };
          case 'unwanted':
            throw new HalotileError('not-found', { what: 'nobody waits for this tile', where: header.key });
        }
      },
    ),
  };
}

async function* dataOf(
  messages: AsyncIterable<halotile.v1.CommitTilesRequest>,
  { observer }: Cluster,
): AsyncGenerator<Uint8Array> {
  for await (const { data } of messages) {
    if (!data) throw badUsage({ what: 'a commit begins before the bytes of the one before have come' });
    observer?.travelled('received', data.length);
    yield data;
  }
}

function rectOf({ x = 0, y = 0, width = 0, height = 0 }: halotile.v1.IPixelRect) {
  return { x, y, width, height };
}
