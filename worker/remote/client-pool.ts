import { CoordinatorClient } from '../../proto/client/calls.js';
import type { CoordinatorEndpoint } from '../../tiling/work/references.js';

/** One connection for each coordinator that this thread works for. */
export class ClientPool {
  readonly #clients = new Map<string, CoordinatorClient>();

  of(endpoint: CoordinatorEndpoint): CoordinatorClient {
    const key = `${endpoint.address} ${endpoint.token ?? ''}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      client = new CoordinatorClient(endpoint);
      this.#clients.set(key, client);
    }
    return client;
  }
}
