import type { ClientDuplexStream } from '@grpc/grpc-js';
import { type CoordinatorClient, writeWhenReady } from '../../proto/client/calls.js';
import type { halotile } from '../../proto/gen/messages.js';
import { Workers } from '../../proto/gen/services.js';
import { HalotileError } from '../../tiling/errors.js';

/** Bytes of one message. */
const MESSAGE_BYTES = 1 << 20;
/** A stream that nobody needs for so long is ended. */
const IDLE_MS = 5_000;

/** What a commit is answered with. */
interface Waiting {
  readonly resolve: (response: halotile.v1.CommitTilesResponse) => void;
  readonly reject: (error: Error) => void;
}

/** Streams that wait for a commit, by client: to begin one takes longer than to send a small result. */
const idle = new WeakMap<CoordinatorClient, CommitStream[]>();

/**
 * Sends a commit and the bytes that belong to it, on a stream of its own where a span is told with it, otherwise on one
 * that others were sent on before.
 * @throws HalotileError as the coordinator refuses it; unreachable where the stream broke off
 */
export async function sendCommit(
  client: CoordinatorClient,
  commit: halotile.v1.ITaskCommit,
  bytes: readonly Uint8Array[],
  traceparent: string | undefined,
): Promise<halotile.v1.CommitTilesResponse> {
  const waiting = idle.get(client) ?? [];
  idle.set(client, waiting);
  const stream = (traceparent === undefined ? waiting.pop() : undefined) ?? new CommitStream(client, traceparent);
  const response = await stream.send(commit, bytes);
  if (traceparent !== undefined) stream.end();
  else {
    waiting.push(stream);
    const kept = client.beforeClose(() => stream.end());
    stream.rest(() => {
      kept();
      const place = waiting.indexOf(stream);
      if (place >= 0) waiting.splice(place, 1);
    });
  }
  return response;
}

/** Commits to one coordinator, one after the other. */
class CommitStream {
  readonly #client: CoordinatorClient;
  readonly #stream: ClientDuplexStream<halotile.v1.ICommitTilesRequest, halotile.v1.CommitTilesResponse>;
  #waiting: Waiting | undefined;
  /** Takes the stream out of those that wait. */
  #leave: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: CoordinatorClient, traceparent: string | undefined) {
    this.#client = client;
    this.#stream = client.duplex(Workers.commitTiles, traceparent);
    this.#stream.on('data', (response: halotile.v1.CommitTilesResponse) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.resolve(response);
    });
    this.#stream.on('error', (error) => this.#over(client.errorOf(error)));
    this.#stream.on('end', () =>
      this.#over(new HalotileError('unreachable', { what: 'the stream of commits ended', where: client.address })),
    );
  }

  async send(commit: halotile.v1.ITaskCommit, bytes: readonly Uint8Array[]): Promise<halotile.v1.CommitTilesResponse> {
    this.#wake();
    const response = new Promise<halotile.v1.CommitTilesResponse>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    // It is awaited below, once all is written.
    response.catch(() => {});
    if (!(await this.#write({ commit }))) return response;
    for (const piece of bytes) {
      for (let start = 0; start < piece.length; start += MESSAGE_BYTES) {
        const data = piece.subarray(start, start + MESSAGE_BYTES);
        if (!(await this.#write({ data }))) return response;
      }
    }
    return response;
  }

  /** Waits for the next commit, not for ever. @param leave called when it waits no more */
  rest(leave: () => void): void {
    this.#leave = leave;
    this.#timer = setTimeout(() => this.end(), IDLE_MS);
    this.#timer.unref();
  }

  end(): void {
    this.#wake();
    this.#stream.end();
  }

  #wake(): void {
    clearTimeout(this.#timer);
    this.#leave?.();
    this.#leave = undefined;
  }

  /** False where the stream is over, which is told to who waits: one that was destroyed says nothing more. */
  async #write(message: halotile.v1.ICommitTilesRequest): Promise<boolean> {
    if (await writeWhenReady(this.#stream, message)) return true;
    this.#over(new HalotileError('unreachable', { what: 'the stream of commits broke', where: this.#client.address }));
    return false;
  }

  #over(error: Error): void {
    this.#wake();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
