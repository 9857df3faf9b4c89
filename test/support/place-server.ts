import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server does in place of a right answer; false where it gives that. */
export type PlaceFault = (request: IncomingMessage, response: ServerResponse, count: number) => boolean;

/** A server of files held in memory, which answers Range requests and may be told to fail. */
export class PlaceServer {
  readonly files = new Map<string, { bytes: Uint8Array; etag?: string; modified?: string }>();
  /** Is asked at every request; `count` begins with 1. */
  fault: PlaceFault = () => false;
  delayMs = 0;
  requests = 0;
  readonly #server = createServer((request, response) => {
    const count = ++this.requests;
    setTimeout(() => {
      if (!this.fault(request, response, count)) this.answer(request, response);
    }, this.delayMs);
  });

  static async start(): Promise<PlaceServer> {
    const server = new PlaceServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const file = this.files.get(new URL(request.url!, this.url).pathname);
    if (file === undefined) return void response.writeHead(404).end();
    const { bytes, etag, modified } = file;
    const { range, 'if-match': wanted } = request.headers;
    const about = { ...(etag !== undefined && { etag }), ...(modified !== undefined && { 'last-modified': modified }) };
    if (wanted !== undefined && wanted !== etag) return void response.writeHead(412, about).end();
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    const end = Math.min(bytes.length - 1, to === '' ? bytes.length : Number(to));
    if (Number(from) > end) {
      return void response.writeHead(416, { ...about, 'content-range': `bytes */${bytes.length}` }).end();
    }
    const part = bytes.subarray(Number(from), end + 1);
    const headers = { ...about, 'content-length': part.length };
    if (range === undefined) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${end}/${bytes.length}` });
    response.end(part);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
