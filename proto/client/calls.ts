import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { fromStatus } from '../convert/status.js';
import type { Method } from '../gen/services.js';
import type { CoordinatorEndpoint } from './endpoint.js';

/** A stream's window in bytes: without it a server's pixels trickle (64 KiB is the default). */
const WINDOW_BYTES = 8 << 20;

/** Connections that stay open notice a dead peer within about half a minute. */
const KEEPALIVE = { 'grpc.keepalive_time_ms': 20_000, 'grpc.keepalive_timeout_ms': 10_000 } as const;

/** A connection to a coordinator with the credentials of its endpoint. */
export class CoordinatorClient {
  readonly address: string;
  readonly #client: Client;
  readonly #metadata = new Metadata();
  readonly #ends = new Set<() => void>();

  constructor({ address, serverName, token, tls }: CoordinatorEndpoint) {
    this.address = address;
    const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
    const secure = tls && credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert));
    this.#client = new Client(address, secure ?? credentials.createInsecure(), {
      ...KEEPALIVE,
      'grpc-node.flow_control_window': WINDOW_BYTES,
      // Proxy variables of the environment are for the web, not for workers.
      'grpc.enable_http_proxy': 0,
      // Each thread has a connection of its own.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 5_000,
      ...(serverName && { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName }),
    });
    if (token !== undefined) this.#metadata.set('authorization', `Bearer ${token}`);
  }

  /** @throws HalotileError for any status but OK */
  unary<SentRequest, Request, SentResponse, Response>(
    method: Method<SentRequest, Request, SentResponse, Response>,
    request: SentRequest,
    options: CallOptions = {},
    traceparent?: string,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<SentRequest, Response>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.#traced(traceparent),
        options,
        this.#settle(resolve, reject),
      );
    });
  }

  /** Errors of the stream are grpc-js's own; see {@link errorOf}. */
  serverStream<SentRequest, Request, SentResponse, Response>(
    method: Method<SentRequest, Request, SentResponse, Response>,
    request: SentRequest,
    options: CallOptions = {},
  ): ClientReadableStream<Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#client.makeServerStreamRequest<SentRequest, Response>(
      ...([path, requestSerialize, responseDeserialize, request, this.#metadata, options] as const),
    );
  }

  /** The response comes when the call has ended, whether all was written or not. */
  clientStream<SentRequest, Request, SentResponse, Response>(
    method: Method<SentRequest, Request, SentResponse, Response>,
    options: CallOptions = {},
    traceparent?: string,
  ): { readonly stream: ClientWritableStream<SentRequest>; readonly response: Promise<Response> } {
    const { promise, resolve, reject } = withResolvers<Response>();
    const stream = this.#client.makeClientStreamRequest<SentRequest, Response>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      this.#traced(traceparent),
      options,
      this.#settle(resolve, reject),
    );
    return { stream, response: promise };
  }

  duplex<SentRequest, Request, SentResponse, Response>(
    method: Method<SentRequest, Request, SentResponse, Response>,
    traceparent?: string,
  ): ClientDuplexStream<SentRequest, Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#client.makeBidiStreamRequest<SentRequest, Response>(
      ...([path, requestSerialize, responseDeserialize, this.#traced(traceparent), {}] as const),
    );
  }

  /** What an error of a stream means. */
  errorOf(error: unknown): Error {
    return error instanceof Error && 'code' in error
      ? fromStatus(error as ServiceError, this.address)
      : (error as Error);
  }

  /** Has `end` called when the client is closed, for a stream that would keep its connection. Returns what takes that back. */
  beforeClose(end: () => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  close(): void {
    for (const end of [...this.#ends]) end();
    this.#client.close();
  }

  /** What every call says, and which span it is part of. */
  #traced(traceparent: string | undefined): Metadata {
    if (traceparent === undefined) return this.#metadata;
    const metadata = this.#metadata.clone();
    metadata.set('traceparent', traceparent);
    return metadata;
  }

  #settle<Response>(resolve: (response: Response) => void, reject: (error: Error) => void) {
    return (error: ServiceError | null, response?: Response) => {
      if (error !== null) reject(fromStatus(error, this.address));
      else resolve(response!);
    };
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Writes to a stream and waits while its buffer is full; false where the stream has ended meanwhile. */
export function writeWhenReady<T>(
  stream: {
    write(message: T): boolean;
    once(event: string, f: () => void): unknown;
    off(event: string, f: () => void): unknown;
    readonly destroyed: boolean;
  },
  message: T,
): Promise<boolean> | boolean {
  if (stream.destroyed) return false;
  if (stream.write(message)) return true;
  return new Promise((resolve) => {
    const settle = (ready: boolean) => {
      stream.off('drain', onDrain);
      stream.off('close', onEnd);
      stream.off('error', onEnd);
      stream.off('cancelled', onEnd);
      resolve(ready);
    };
    const onDrain = () => settle(true);
    const onEnd = () => settle(false);
    stream.once('drain', onDrain);
    stream.once('close', onEnd);
    stream.once('error', onEnd);
    stream.once('cancelled', onEnd);
  });
}
