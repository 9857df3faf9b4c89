import { Server, ServerCredentials, type ServerOptions, type ServiceDefinition } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { Schedules } from '../../proto/gen/services.js';
import { badUsage } from '../../tiling/errors.js';
import { authInterceptor, type TokenEntry } from './auth.js';
import { JOBS_DEFINITION, type JobsServiceOptions, jobsService } from './jobs-service.js';
import { addReflection } from './reflection.js';
import type { WorkersServiceOptions } from './worker-stream.js';
import { WORKERS_DEFINITION, workersService } from './workers-service.js';

/** PEM texts. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Authority of client certificates: where present, clients without one are refused. */
  readonly clientCa?: string;
}

/** Where the API listens, whom it lets in and what answers. */
export interface ApiServerOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly tls?: ServerTls;
  /** Nobody else than these may call; everybody may where absent. */
  readonly tokens?: readonly TokenEntry[];
  readonly jobs: JobsServiceOptions;
  readonly workers: WorkersServiceOptions;
}

const SERVER_OPTIONS: ServerOptions = {
  // Requests are small or come in chunks of 1 MiB.
  'grpc.max_receive_message_length': 4 << 20,
  'grpc.max_concurrent_streams': 1024,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/** The gRPC server of a coordinator. */
export class ApiServer {
  readonly port: number;
  readonly #server: Server;
  readonly #health: HealthImplementation;

  private constructor(server: Server, health: HealthImplementation, port: number) {
    this.#server = server;
    this.#health = health;
    this.port = port;
  }

  /** @throws bad-usage where the address cannot be listened on */
  static async start(options: ApiServerOptions): Promise<ApiServer> {
    const { listen, tls, tokens } = options;
    const server = new Server({ ...SERVER_OPTIONS, interceptors: [authInterceptor(tokens)] });
    server.addService(JOBS_DEFINITION, jobsService(options.jobs));
    server.addService(WORKERS_DEFINITION, workersService(options.workers));
    // Its methods have no implementation yet, which grpc-js answers with UNIMPLEMENTED.
    server.addService(Schedules as ServiceDefinition, {});
    const health = new HealthImplementation({
      '': 'SERVING',
      'halotile.v1.Jobs': 'SERVING',
      'halotile.v1.Workers': 'SERVING',
    });
    health.addToServer(server);
    addReflection(server);
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(
            tls.clientCa === undefined ? null : Buffer.from(tls.clientCa),
            [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }],
            tls.clientCa !== undefined,
          );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(listen, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(badUsage({ what: `cannot listen (${error.message})`, where: listen, expected: 'HOST:PORT' }));
      });
    });
    return new ApiServer(server, health, port);
  }

  /** Tells load balancers to send nobody here any more. */
  drain(): void {
    for (const service of ['', 'halotile.v1.Jobs', 'halotile.v1.Workers'])
      this.#health.setStatus(service, 'NOT_SERVING');
  }

  /** Waits for calls under way, but not for ever. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#server.forceShutdown(), graceMs);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(timer);
  }
}
