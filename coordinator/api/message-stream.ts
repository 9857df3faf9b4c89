import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import type { EncodedMessage } from '../cluster/block-message.js';
import type { CoordinatorObserver } from '../observe/observer.js';
import { callerOf } from './auth.js';
import type { Fail } from './handlers.js';

/** Messages of one stream that grpc-js holds: one on its way, one behind it. */
const MAX_IN_FLIGHT = 2;

/**
 * A method that answers with a stream of messages which are encoded already, for definitions that serialise them as
 * they are.
 */
export function messageStream<Request>(
  fail: Fail,
  observer: CoordinatorObserver | undefined,
  method: (request: Request) => AsyncIterable<EncodedMessage>,
): handleServerStreamingCall<Request, Buffer> {
  return (call) => {
    send(call, method, observer).then(
      () => call.end(),
      (error: unknown) => call.emit('error', fail(error)),
    );
  };
}

async function send<Request>(
  call: ServerWritableStream<Request, Buffer>,
  method: (request: Request) => AsyncIterable<EncodedMessage>,
  observer: CoordinatorObserver | undefined,
): Promise<void> {
  let gone = false;
  let inFlight = 0;
  let wake: () => void = () => {};
  for (const event of ['cancelled', 'close', 'error']) {
    call.on(event, () => {
      gone = true;
      wake();
    });
  }
  callerOf(call.metadata);
  for await (const message of method(call.request)) {
    if (gone) return;
    inFlight++;
    observer?.travelled('sent', message.bytes.length);
    // A call that is cancelled never says so here, and its message is left to the garbage collector.
    call.write(message.bytes, () => {
      inFlight--;
      message.sent();
      wake();
    });
    while (inFlight >= MAX_IN_FLIGHT && !gone) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
