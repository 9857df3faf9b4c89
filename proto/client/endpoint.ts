/** How a client reaches a coordinator. */
export interface CoordinatorEndpoint {
  /** HOST:PORT. */
  readonly address: string;
  /** Whom its certificate must name; the host of the address where absent. */
  readonly serverName?: string;
  readonly token?: string;
  /** PEM texts; the system's authorities where `ca` is absent. No TLS where the whole is absent. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** An endpoint as one text: what threads that reach it are told, and what their connections are kept by. */
export function endpointText({ address, serverName, token, tls }: CoordinatorEndpoint): string {
  return JSON.stringify({ address, serverName, token, tls });
}

/** The inverse of {@link endpointText}. */
export function endpointOfText(text: string): CoordinatorEndpoint {
  return JSON.parse(text) as CoordinatorEndpoint;
}
