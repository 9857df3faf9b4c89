import type { ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { readTileResult } from '../../proto/convert/tile-result.js';
import { halotile } from '../../proto/gen/messages.js';
import { Workers } from '../../proto/gen/services.js';
import { badUsage, HalotileError } from '../../tiling/errors.js';
import type { TileResult } from '../../tiling/job/execution.js';
import type { TiffFileSource } from '../../tiling/sources/tiff-file-source.js';
import type { Cluster } from '../cluster/cluster.js';
import { commitFrames } from '../cluster/frame-commits.js';
import { fileMessages } from '../cluster/frame-reads.js';
import { heldSource } from '../cluster/held-file.js';
import { blockMessages, type InlineSource, rectMessages, storedMessages } from '../cluster/inline-reads.js';
import { checkPart } from '../cluster/part-check.js';
import type { Verdict } from '../scheduler/events.js';
import { clientStream } from './handlers.js';
import { messageStream } from './message-stream.js';
import { WorkerStream, type WorkersServiceOptions } from './worker-stream.js';

const { SourceRole, CommitOutcome } = halotile.v1;

const ROLES: Readonly<Partial<Record<halotile.v1.SourceRole, 'image' | 'mask' | 'map' | 'extra'>>> = {
  [SourceRole.SOURCE_ROLE_MASK]: 'mask',
  [SourceRole.SOURCE_ROLE_MAP]: 'map',
  [SourceRole.SOURCE_ROLE_EXTRA]: 'extra',
};

/** The service's methods as grpc-js wants them; blocks come from it encoded, see block-message.ts. */
export const WORKERS_DEFINITION: ServiceDefinition = {
  ...(Workers as ServiceDefinition),
  fetchBlocks: { ...Workers.fetchBlocks, responseSerialize: (message: Buffer) => message },
};

/** The service that workers call; see proto/halotile/v1/workers.proto. */
export function workersService(options: WorkersServiceOptions): UntypedServiceImplementation {
  const { cluster, threads, fail } = options;
  let streams = 0;

  function readMessages(source: InlineSource, { rect, indexes }: halotile.v1.FetchBlocksRequest) {
    return rect ? rectMessages(threads, source, rectOf(rect)) : blockMessages(threads, source, indexes);
  }

  /** Reads a raster that was opened for one request. */
  async function* frameMessages(source: TiffFileSource, request: halotile.v1.FetchBlocksRequest) {
    const file = heldSource(source);
    try {
      yield* readMessages({ source, file }, request);
    } finally {
      void file.close();
    }
  }

  return {
    attach: (call: ServerDuplexStream<halotile.v1.AttachRequest, halotile.v1.IAttachResponse>) => {
      new WorkerStream(++streams, call, options);
    },

    fetchBlocks: messageStream(fail, (request: halotile.v1.FetchBlocksRequest) => {
      const { role, indexes } = request;
      if (role === SourceRole.SOURCE_ROLE_FRAME) {
        const frames = cluster.openFrames(request.key);
        return fileMessages(indexes, (index) => frames.file(request.tile, index));
      }
      if (role === SourceRole.SOURCE_ROLE_FRAME_RASTER) {
        return frameMessages(cluster.openFrames(request.key).raster(request.tile, request.file), request);
      }
      const job = cluster.openJob(request.key);
      if (role === SourceRole.SOURCE_ROLE_OUTPUT) {
        const reads = job.taskOf(request.stage, request.tile)?.reads ?? [];
        return storedMessages(threads, (part) => job.storedFile(part), reads, indexes);
      }
      const source = job.source(ROLES[role] ?? 'image', request.name);
      return readMessages(source, request);
    }),

    commitTile: clientStream(
      fail,
      async (first: halotile.v1.CommitTileRequest, rest: AsyncIterable<halotile.v1.CommitTileRequest>) => {
        const { commit } = first;
        if (!commit) throw badUsage({ what: 'the first message has no commit' });
        const header = new halotile.v1.TileCommit(commit);
        const commitOne = header.framesJson === '' ? commitBlocks : commitFrames;
        const verdict = await commitOne(cluster, header, dataOf(rest));
        // The job writes its ledger in the turns that follow; the answer may wait for that.
        await new Promise((resolve) => setImmediate(resolve));
        switch (verdict) {
          case 'commit':
            return { outcome: CommitOutcome.COMMIT_OUTCOME_COMMITTED };
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

/** Takes the result of a tile: blocks that came with it are stored first, unless the tile has come before. */
async function commitBlocks(
  cluster: Cluster,
  header: halotile.v1.TileCommit,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Verdict> {
  const job = cluster.openJob(header.key);
  const result = readTileResult(header);
  let placed: TileResult = result;
  if (cluster.isCommitted(header.key, result.task)) {
    for await (const _ of chunks);
  } else if (header.offsets.length === 0 && result.blocks.length > 0) {
    placed = { ...result, part: job.store.part, blocks: await job.store.store(result.blocks, chunks) };
  } else if (result.blocks.length > 0) await checkPart(job.sink, result);
  return cluster.commit(header.key, placed, header.lease);
}

async function* dataOf(messages: AsyncIterable<halotile.v1.CommitTileRequest>): AsyncGenerator<Uint8Array> {
  for await (const { data } of messages) if (data) yield data;
}

function rectOf({ x = 0, y = 0, width = 0, height = 0 }: halotile.v1.IPixelRect) {
  return { x, y, width, height };
}
