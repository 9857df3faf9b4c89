import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { missingCommands } from './installed.js';
import type { PlaceFault } from './place-server.js';
import { freePort } from './redis-server.js';

/** Why tests with an S3 store are skipped; false where moto's server is installed. */
export const NO_MOTO: string | false = missingCommands(['moto_server', '--help']);

/** An S3 store of a test (moto's), behind a proxy that may be told to fail. */
export class MotoServer {
  /** Is asked at every request through the proxy; `count` begins with 1. */
  fault: PlaceFault = () => false;
  /** Method and URL of every request through the proxy. */
  readonly asked: string[] = [];
  readonly #moto: ChildProcess;
  readonly #port: number;
  readonly #proxy = createServer((request, response) => {
    this.asked.push(`${request.method} ${request.url}`);
    if (this.fault(request, response, this.asked.length)) {
      request.resume();
      return;
    }
    const { method, url, headers } = request;
    const passed = httpRequest({ port: this.#port, host: '127.0.0.1', method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    passed.once('error', () => response.destroy());
    request.pipe(passed);
  });

  private constructor(moto: ChildProcess, port: number) {
    this.#moto = moto;
    this.#port = port;
  }

  static async start(): Promise<MotoServer> {
    const port = await freePort();
    const moto = spawn('moto_server', ['-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
    const server = new MotoServer(moto, port);
    while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise<void>((resolve) => server.#proxy.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** Of the proxy. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#proxy.address() as AddressInfo).port}`;
  }

  /** HOST:PORT of the store itself: for programs for which the test waits, and with it the proxy. */
  get direct(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Forgets what was asked, and fails no more. */
  calm(): void {
    this.fault = () => false;
    this.asked.length = 0;
  }

  /** The bytes of an object that is there: `bucket/key`. */
  async stored(path: string): Promise<Buffer> {
    const answer = await this.ask('GET', `/${path}`);
    if (answer.status !== 200) throw new Error(`${path}: the store answers ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  /** Asks the store itself: `PUT /bucket`, `PUT /bucket/key`. */
  ask(method: string, path: string, body?: Uint8Array): Promise<Response> {
    // Who says no name sees public objects alone; whose it is does not matter to the store of a test.
    const authorization = 'AWS4-HMAC-SHA256 Credential=key/20261130/us-east-1/s3/aws4_request';
    return fetch(`http://${this.direct}${path}`, {
      method,
      headers: { authorization },
      ...(body && { body: body as Uint8Array<ArrayBuffer> }),
    });
  }

  close(): void {
    this.#proxy.close();
    this.#proxy.closeAllConnections();
    this.#moto.kill();
  }
}

/** An answer of S3 that is a fault. */
export function s3Error(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>by the test</Message></Error>`;
}

/** Whether a request brings a part. */
export function isPart({ method, url }: Pick<IncomingMessage, 'method' | 'url'>): boolean {
  return method === 'PUT' && /[?&]partNumber=\d/.test(url!);
}

/** Whether a request brings an image of one part. */
export function isPut({ method, url }: Pick<IncomingMessage, 'method' | 'url'>): boolean {
  return method === 'PUT' && /\.tif(?:\?x-id=PutObject)?$/.test(url!);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
