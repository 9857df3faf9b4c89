import { crc32 } from 'node:zlib';
import type { CoordinatorClient } from '../../proto/client/calls.js';
import type { halotile } from '../../proto/gen/messages.js';
import { Workers } from '../../proto/gen/services.js';
import { HalotileError } from '../../tiling/errors.js';

/**
 * Streams blocks from a coordinator; `visit` gets their pieces in order, each checked.
 * @throws data-loss for a piece whose CRC does not match; unreachable where the stream broke
 */
export async function streamParts(
  client: CoordinatorClient,
  request: halotile.v1.IFetchBlocksRequest,
  visit: (part: halotile.v1.BlockPart) => void,
): Promise<void> {
  const stream = client.serverStream(Workers.fetchBlocks, request);
  try {
    for await (const response of stream) {
      for (const part of (response as halotile.v1.FetchBlocksResponse).parts) {
        if (crc32(part.data) !== part.crc) {
          throw new HalotileError('data-loss', {
            what: 'a block was damaged on its way',
            where: `block ${part.index} from ${client.address}`,
          });
        }
        visit(part);
      }
    }
  } catch (error) {
    stream.cancel();
    throw client.errorOf(error);
  }
}

/** Collects the pieces of one block after another. */
export class BlockAssembler {
  readonly #done: (index: number, bytes: Uint8Array) => void;
  #bytes = new Uint8Array(0);
  #filled = 0;

  /** @param done gets each whole block, which is then its own */
  constructor(done: (index: number, bytes: Uint8Array) => void) {
    this.#done = done;
  }

  add({ index, length, data }: halotile.v1.BlockPart): void {
    if (this.#filled === 0) this.#bytes = new Uint8Array(length);
    this.#bytes.set(data, this.#filled);
    this.#filled += data.length;
    if (this.#filled < length) return;
    this.#filled = 0;
    this.#done(index, this.#bytes);
  }
}
