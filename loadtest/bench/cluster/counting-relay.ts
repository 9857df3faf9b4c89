import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { PassThrough } from 'node:stream';

/** A TCP relay in front of a coordinator that counts what passes. */
export class CountingRelay {
  readonly #server: Server;
  bytesToWorkers = 0;
  bytesToCoordinator = 0;

  private constructor(host: string, port: number) {
    this.#server = createServer((near) => {
      const far = connect({ host, port });
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on('error', () => to.destroy());
        const passing = new PassThrough();
        passing.on('data', (data: Buffer) => {
          if (from === near) this.bytesToCoordinator += data.length;
          else this.bytesToWorkers += data.length;
        });
        from.pipe(passing).pipe(to);
      }
    });
  }

  /** @param target HOST:PORT */
  static async start(target: string): Promise<CountingRelay> {
    const [host = '', port = ''] = target.split(':');
    const relay = new CountingRelay(host, Number(port));
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }
}
