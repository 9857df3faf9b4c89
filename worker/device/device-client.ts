import { BroadcastChannel, threadId } from 'node:worker_threads';
import type { ChainRequest } from '../kernels/webgpu/chain/chain-request.js';
import type { DeviceAnswer, DeviceLink, DeviceMessage } from './device-messages.js';

/** A thread's side of the device that its process owns. */
export class DeviceClient {
  readonly link: DeviceLink;
  /** Kernel variants that the device has refused: they run on this thread. */
  readonly refused = new Set<string>();
  readonly #channel: BroadcastChannel;
  readonly #waiting = new Map<string, (answer: DeviceAnswer) => void>();
  #exchange = new SharedArrayBuffer(0);
  #asked = 0;

  constructor(link: DeviceLink) {
    this.link = link;
    this.#channel = new BroadcastChannel(link.channel);
    this.#channel.onmessage = (event) => {
      const message = (event as { readonly data: DeviceMessage }).data;
      if (message.kind !== 'answer') return;
      this.#waiting.get(message.id)?.(message.answer);
      this.#waiting.delete(message.id);
    };
  }

  /** Memory that this thread and the device share, of at least `bytes`; the same from tile to tile. */
  exchange(bytes: number): SharedArrayBuffer {
    if (this.#exchange.byteLength < bytes) this.#exchange = new SharedArrayBuffer(bytes);
    return this.#exchange;
  }

  /** Runs a chain; the exchange belongs to the device until the answer. */
  ask(request: ChainRequest): Promise<DeviceAnswer> {
    const id = `${threadId}:${this.#asked++}`;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#channel.postMessage({ kind: 'ask', id, request } satisfies DeviceMessage);
    });
  }

  /** Hears no more answers; a thread that lives as long as its process need not call it. */
  close(): void {
    this.#channel.close();
  }
}
