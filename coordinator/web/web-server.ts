import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { badUsage } from '../../tiling/errors.js';
import type { ServerTls } from '../api/tls.js';
import type { PageEnv } from './page-gate.js';

/** Connections at once; a browser keeps up to six. */
const MAX_CONNECTIONS = 2000;
/** A request has at most so many bytes of headers, its path among them. */
const MAX_HEADER_BYTES = 16 << 10;
const REQUEST_MS = 30_000;

/** Serves the page over HTTP, or HTTPS with the certificates of the gRPC API. */
export class WebServer {
  readonly port: number;
  readonly #server: Server | SecureServer;

  private constructor(server: Server | SecureServer) {
    this.#server = server;
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** @throws bad-usage where the address cannot be listened on */
  static async start(app: Hono<PageEnv>, { listen, tls }: { listen: string; tls?: ServerTls }): Promise<WebServer> {
    const [, host, port] = /^(.+):(\d{1,5})$/.exec(listen) ?? [];
    if (host === undefined) throw badUsage({ what: `cannot listen on '${listen}'`, expected: 'HOST:PORT' });
    const options = { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: REQUEST_MS };
    const listener = getRequestListener(app.fetch as never, { overrideGlobalObjects: false }) as unknown as (
      incoming: IncomingMessage,
      outgoing: ServerResponse,
    ) => void;
    const server =
      tls === undefined
        ? createServer(options, listener)
        : createSecureServer({ ...options, ...contextOf(tls), ...clientsOf(tls) }, listener);
    server.maxConnections = MAX_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(badUsage({ what: `cannot listen (${error.message})`, where: listen, expected: 'HOST:PORT' }));
      });
      server.listen(Number(port), host.replace(/^\[(.*)\]$/, '$1'), resolve);
    });
    return new WebServer(server);
  }

  /** New certificates for connections from now on. */
  renew(tls: ServerTls | undefined): void {
    if (tls !== undefined && 'setSecureContext' in this.#server) this.#server.setSecureContext(contextOf(tls));
  }

  /** Ends all connections: streams to pages would go on for ever. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function contextOf({ cert, key, clientCa }: ServerTls) {
  return { cert, key, ...(clientCa !== undefined && { ca: clientCa }) };
}

function clientsOf({ clientCa }: ServerTls) {
  const mutual = clientCa !== undefined;
  return { requestCert: mutual, rejectUnauthorized: mutual };
}
