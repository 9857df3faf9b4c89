import { CoordinatorClient } from '../../proto/client/calls.js';
import { endpointOfText } from '../../proto/client/endpoint.js';

/** One connection for each coordinator that this thread works for. */
export class ClientPool {
  readonly #clients = new Map<string, CoordinatorClient>();

  /** @param endpoint as `endpointText` wrote it */
  of(endpoint: string): CoordinatorClient {
    let client = this.#clients.get(endpoint);
    if (client === undefined) {
      client = new CoordinatorClient(endpointOfText(endpoint));
      this.#clients.set(endpoint, client);
    }
    return client;
  }
}
