import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerErrorResponse,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { writeWhenReady } from '../../proto/client/calls.js';
import { toStatus } from '../../proto/convert/status.js';
import { badUsage, calledBy, HalotileError } from '../../tiling/errors.js';
import type { Log } from '../../tiling/log.js';
import { traceparentOf } from '../../tiling/tracing.js';
import { inNames, type NameOfFile } from '../../tiling/words.js';
import { BadRequest } from '../service/caller-errors.js';
import type { Caller } from './access.js';
import { callerOf } from './auth.js';

/** Turns a failure into a status; the caller's log gets what the client must not see. */
export type Fail = (error: unknown) => ServerErrorResponse;

/** @param nameOf what clients call a path of this machine */
export function failWith(log: Log, nameOf: NameOfFile): Fail {
  return (error) => {
    if (!(error instanceof HalotileError))
      log(`internal error: ${error instanceof Error ? error.stack : String(error)}`, { level: 'error' });
    const listed = error instanceof BadRequest ? error.violations : [];
    const violations = listed.map(({ field, description }) => ({ field, description: inNames(description, nameOf) }));
    const shown = error instanceof HalotileError ? new HalotileError(error.tag, calledBy(error.detail, nameOf)) : error;
    const status = toStatus(shown, violations, error instanceof BadRequest ? error.unnamed : 0);
    return { name: 'Error', message: status.details ?? '', ...status };
  };
}

/** A unary method as an async function. */
export function unary<Request, Response>(
  fail: Fail,
  method: (request: Request, caller: Caller, traceparent: string | undefined) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => method(call.request, callerOf(call.metadata), spanOf(call.metadata)))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(fail(error)),
      );
  };
}

/** A method that answers with a stream: what it yields is sent as fast as the client takes it. */
export function serverStream<Request, Response>(
  fail: Fail,
  method: (request: Request, caller: Caller, signal: AbortSignal) => AsyncIterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    call.on('error', () => gone.abort());
    send(call, () => method(call.request, callerOf(call.metadata), gone.signal), gone.signal).then(
      () => call.end(),
      (error: unknown) => call.emit('error', fail(error)),
    );
  };
}

async function send<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  messages: () => AsyncIterable<Response>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages()) {
    if (signal.aborted || !(await writeWhenReady(call, message))) return;
  }
}

/** Answers what begins with the first message of a request and goes on with those behind it. */
type Answering<Request, Response> = (
  first: Request,
  rest: AsyncIterable<Request>,
  caller: Caller,
  traceparent: string | undefined,
) => Promise<Response>;

/** Streams on which no request is under way: they end with the server, which waits for all others. */
export class IdleStreams {
  readonly #ends = new Set<() => void>();
  #closed = false;

  /** Waits for what comes next on a stream. */
  async during<T>(end: () => void, next: () => Promise<T>): Promise<T> {
    if (this.#closed) end();
    this.#ends.add(end);
    try {
      return await next();
    } finally {
      this.#ends.delete(end);
    }
  }

  close(): void {
    this.#closed = true;
    for (const end of [...this.#ends]) end();
  }
}

/**
 * A method that answers a stream again and again: what it reads of the stream before an answer belongs to that answer.
 * The next request begins with the message behind it.
 */
export function exchanges<Request, Response>(
  fail: Fail,
  idle: IdleStreams,
  method: Answering<Request, Response>,
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    const serve = async () => {
      const caller = callerOf(call.metadata);
      const span = spanOf(call.metadata);
      // At its end an iterator destroys its stream, where nothing says otherwise, and the client would hear of no end.
      const messages = call.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() as AsyncIterator<Request>;
      const rest = { [Symbol.asyncIterator]: () => messages };
      const next = () =>
        idle.during(
          () => call.end(),
          () => messages.next(),
        );
      for (let first = await next(); !first.done; first = await next()) {
        if (!(await writeWhenReady(call, await method(first.value, rest, caller, span)))) return;
      }
    };
    serve().then(
      () => call.end(),
      (error: unknown) => {
        // Nobody hears of it where the client is gone.
        if (!call.cancelled) call.emit('error', fail(error));
      },
    );
  };
}

/** A method that reads a stream and answers once. Its first message is given apart from the others. */
export function clientStream<Request, Response>(
  fail: Fail,
  method: Answering<Request, Response>,
): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    const receive = async () => {
      const caller = callerOf(call.metadata);
      const messages = (call as AsyncIterable<Request>)[Symbol.asyncIterator]();
      const first = await messages.next();
      if (first.done) throw badUsage({ what: 'the stream had no message', expected: 'a header first' });
      return method(first.value, { [Symbol.asyncIterator]: () => messages }, caller, spanOf(call.metadata));
    };
    receive().then(
      (response) => callback(null, response),
      (error: unknown) => callback(fail(error)),
    );
  };
}

/** The span that a call is part of, where its client traces. */
function spanOf(metadata: Metadata): string | undefined {
  return traceparentOf(metadata.get('traceparent')[0]);
}
