import type { CoordinatorClient } from '../../proto/client/calls.js';
import { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import type { TileResult, TileTask } from '../../tiling/job/execution.js';
import type { BlockSink } from '../tile/block-sink.js';
import { commitTile } from './commit-tile.js';
import { BlockAssembler, streamParts } from './fetch-blocks.js';
import { withRetries } from './retry.js';

/** Holds the encoded blocks of one tile until they are handed to the coordinator with its result. */
export class RemoteSink implements BlockSink {
  /** Not a file: the coordinator puts the bytes into one of its own. */
  readonly part = 'inline';
  readonly #client: CoordinatorClient;
  readonly #job: string;
  #blocks: Uint8Array[] = [];
  #end = 0;

  constructor(client: CoordinatorClient, job: string) {
    this.#client = client;
    this.#job = job;
  }

  begin(): void {
    this.#blocks = [];
    this.#end = 0;
  }

  put(_block: { level: number; index: number }, bytes: Uint8Array): number {
    // The bytes may lie in memory that the next block overwrites.
    this.#blocks.push(bytes.slice());
    this.#end += bytes.length;
    return this.#end - bytes.length;
  }

  settle(): void {}

  async report(result: TileResult, task: TileTask): Promise<void> {
    const blocks = this.#blocks;
    this.begin();
    await commitTile(this.#client, { key: this.#job, lease: task.lease ?? 0 }, { ...result, part: '' }, blocks);
  }

  /** The stored blocks that an overview tile averages, in the order of the task's reads. */
  readBack({ stage, tile, reads = [] }: TileTask): Promise<Uint8Array[]> {
    return withRetries(async () => {
      const found: Uint8Array[] = [];
      const blocks = new BlockAssembler((index, bytes) => {
        found[index] = bytes;
      });
      const role = halotile.v1.SourceRole.SOURCE_ROLE_OUTPUT;
      const request = { key: this.#job, role, stage, tile, indexes: reads.map((_, index) => index) };
      await streamParts(this.#client, request, (part) => blocks.add(part));
      if (reads.every((_, index) => found[index] !== undefined)) return found;
      throw new HalotileError('data-loss', {
        what: 'fewer blocks came than were asked for',
        where: this.#client.address,
      });
    });
  }

  close(): void {
    this.begin();
  }
}
