import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP relay in front of a coordinator that can damage and cut what passes. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: { readonly host: string; readonly port: number };
  /** Bytes that pass towards the worker before the byte that is flipped; undefined flips none. */
  flipAfterBytes: number | undefined;
  /** Flips done so far. */
  flips = 0;
  #refusing = false;

  private constructor(target: string) {
    const [host = '', port = ''] = target.split(':');
    this.#target = { host, port: Number(port) };
    this.#server = createServer((socket) => this.#relay(socket));
  }

  static async start(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection and refuses new ones until {@link mend}. */
  cut(): void {
    this.#refusing = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#refusing = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #relay(near: Socket): void {
    if (this.#refusing) {
      near.destroy();
      return;
    }
    const far = connect(this.#target);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (data) => {
      if (!near.write(this.#damaged(data))) far.pause();
    });
    near.on('drain', () => far.resume());
  }

  #damaged(data: Buffer): Buffer {
    if (this.flipAfterBytes === undefined) return data;
    if (this.flipAfterBytes >= data.length) {
      this.flipAfterBytes -= data.length;
      return data;
    }
    const copy = Buffer.from(data);
    copy[this.flipAfterBytes]! ^= 0x10;
    this.flipAfterBytes = undefined;
    this.flips++;
    return copy;
  }
}
