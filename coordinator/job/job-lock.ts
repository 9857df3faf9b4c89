import { createHash } from 'node:crypto';
import { existsSync, realpathSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { HalotileError } from '../../tiling/errors.js';

/** Another process, or another job of this one, is writing an output. */
export class OutputInUse extends HalotileError {
  constructor(output: string) {
    super('partial-conflict', {
      what: 'another process is writing this output',
      file: output,
      remedy: 'wait for it to end, or choose another output',
    });
  }
}

/**
 * A lock on an output path that dies with its process: a listening local socket whose name is derived from
 * the path. Nothing is left to clean up after a kill. It holds among the processes of one machine; across
 * machines the ledger's epochs do the fencing.
 */
export class JobLock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param shown what the output is called, where that is not its path
   * @throws OutputInUse where another process holds it
   */
  static async acquire(output: string, shown = output): Promise<JobLock> {
    const address = socketAddress(output);
    for (let attempt = 0; ; attempt++) {
      try {
        return new JobLock(await listen(address));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        // A socket file survives its process where the system has no abstract sockets; nobody answers on it.
        if (attempt === 0 && existsSync(address) && !(await answers(address))) {
          unlinkSync(address);
          continue;
        }
        throw new OutputInUse(shown);
      }
    }
  }

  release(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function socketAddress(output: string): string {
  const path = join(realpathSync.native(dirname(output)), basename(output));
  const name = `halotile-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
