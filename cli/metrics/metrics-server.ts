import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Command } from 'commander';
import type { Registry } from 'prom-client';
import { badUsage } from '../../tiling/errors.js';
import type { Log } from '../../tiling/log.js';

type Prom = typeof import('prom-client');

/** Where a process's numbers are kept and shown. */
export interface Metrics {
  readonly prom: Prom;
  readonly registry: Registry;
  /** Says when the process is ready for work; until then `/readyz` says no. */
  readyWhen(isReady: () => boolean): void;
  close(): void;
}

/** Adds the flag that {@link openMetrics} gets. */
export function addMetricsOption(command: Command): Command {
  return command
    .optionsGroup('What is told:')
    .option('--metrics <address>', 'HOST:PORT to show numbers for Prometheus at, as /metrics; needs no token');
}

/**
 * Shows the numbers of this process: processor, memory, event loop and open files, and what is added to its registry.
 * @param listen HOST:PORT; nothing is shown where absent
 * @param version of this release
 */
export async function openMetrics(
  listen: string | undefined,
  { version, log }: { readonly version: string; readonly log: Log },
): Promise<Metrics | undefined> {
  if (listen === undefined) return undefined;
  const { prom, registry } = await openRegistry({ version });
  const server = await MetricsServer.start(listen, registry);
  log(`numbers for Prometheus at http://${listen.slice(0, listen.lastIndexOf(':'))}:${server.port}/metrics`);
  return {
    prom,
    registry,
    readyWhen(isReady) {
      server.isReady = isReady;
    },
    close: () => server.close(),
  };
}

/** How often the event loop's lag is looked at. prom-client's own ten milliseconds take a four-hundredth of a core. */
const LAG_MS = 100;

async function openRegistry(about: Readonly<Record<string, string>>) {
  // Loaded only here: most commands show no numbers.
  const { default: prom } = await import('prom-client');
  const registry = new prom.Registry();
  prom.collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_MS });
  const labelNames = Object.keys(about);
  const help = 'The release that runs here';
  new prom.Gauge({ name: 'halotile_build_info', help, labelNames, registers: [registry] }).set({ ...about }, 1);
  return { prom, registry };
}

/** Serves `GET /metrics`; `/healthz` says that the process answers, `/readyz` whether it is ready for work. */
class MetricsServer {
  readonly #server: Server;
  isReady: () => boolean = () => false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param listen HOST:PORT; port 0 takes a free one
   * @throws bad-usage where the address cannot be listened on
   */
  static async start(listen: string, registry: Registry): Promise<MetricsServer> {
    const [, host, port] = /^(.+):(\d{1,5})$/.exec(listen) ?? [];
    if (host === undefined) throw badUsage({ what: `--metrics ${listen}`, expected: 'HOST:PORT' });
    let metrics: MetricsServer | undefined;
    const server = createServer((request, response) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405).end();
      } else if (request.url === '/metrics') {
        registry.metrics().then(
          (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
          (error: Error) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${error.message}\n`),
        );
      } else if (request.url === '/healthz') {
        response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
      } else if (request.url === '/readyz') {
        const isReady = metrics?.isReady() === true;
        response.writeHead(isReady ? 200 : 503, { 'content-type': 'text/plain' });
        response.end(isReady ? 'ready\n' : 'not ready\n');
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(badUsage({ what: `cannot listen (${error.message})`, where: `--metrics ${listen}` })),
      );
      server.listen(Number(port), host.replace(/^\[(.*)\]$/, '$1'), resolve);
    });
    // Whoever keeps a connection open does not hold up the end.
    server.unref();
    metrics = new MetricsServer(server);
    return metrics;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
