import { Server, ServerCredentials, type ServerOptions, type ServiceDefinition } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { Schedules } from '../../proto/gen/services.js';
import { badUsage } from '../../tiling/errors.js';
import type { Log } from '../../tiling/log.js';
import { Access, type AccessRules } from './access.js';
import { Audit } from './audit.js';
import { Gate } from './auth.js';
import { IdleStreams } from './handlers.js';
import { JOBS_DEFINITION, type JobsServiceOptions, jobsService } from './jobs-service.js';
import { addReflection } from './reflection.js';
import { type SchedulesServiceOptions, schedulesService } from './schedules-service.js';
import { RenewableCredentials, type ServerTls } from './tls.js';
import type { WorkersServiceOptions } from './worker-stream.js';
import { WORKERS_DEFINITION, workersService } from './workers-service.js';

/** Where the API listens, whom it lets in and what answers. */
export interface ApiServerOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly tls?: ServerTls;
  readonly access: AccessRules;
  /** Calls that one client may have under way. */
  readonly maxCalls: number;
  /** Gets the lines of the audit. */
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly jobs: JobsServiceOptions;
  readonly workers: WorkersServiceOptions;
  readonly schedules: SchedulesServiceOptions;
}

const SERVER_OPTIONS: ServerOptions = {
  // Requests are small or come in chunks of 1 MiB.
  'grpc.max_receive_message_length': 4 << 20,
  'grpc.max_concurrent_streams': 1024,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Its counters of calls and connections, which nothing here reads.
  'grpc.enable_channelz': 0,
};

/** What health checks may ask for; the empty name is all of it. */
const SERVICES = ['', 'halotile.v1.Jobs', 'halotile.v1.Workers', 'halotile.v1.Schedules'];

/** How often calls under way are held against the time at which their tokens end. */
const RECHECK_MS = 30_000;

/** The gRPC server of a coordinator. */
export class ApiServer {
  readonly port: number;
  readonly #server: Server;
  readonly #health: HealthImplementation;
  readonly #access: Access;
  readonly #gate: Gate;
  readonly #idle: IdleStreams;
  readonly #credentials: RenewableCredentials | undefined;
  readonly #rechecks: NodeJS.Timeout;
  #drained = false;

  private constructor(parts: {
    readonly server: Server;
    readonly health: HealthImplementation;
    readonly access: Access;
    readonly gate: Gate;
    readonly idle: IdleStreams;
    readonly credentials: RenewableCredentials | undefined;
    readonly port: number;
  }) {
    this.#server = parts.server;
    this.#health = parts.health;
    this.#access = parts.access;
    this.#gate = parts.gate;
    this.#idle = parts.idle;
    this.#credentials = parts.credentials;
    this.port = parts.port;
    // Streams may last for weeks, tokens end in between.
    this.#rechecks = setInterval(() => parts.gate.recheck(), RECHECK_MS);
    this.#rechecks.unref();
  }

  /** @throws bad-usage where the address cannot be listened on */
  static async start(options: ApiServerOptions): Promise<ApiServer> {
    const { listen, tls, maxCalls, log, nowMs } = options;
    const access = new Access(options.access);
    const gate = new Gate({ access, audit: new Audit(log, nowMs), maxCalls, nowMs });
    const server = new Server({ ...SERVER_OPTIONS, interceptors: [gate.interceptor] });
    server.addService(JOBS_DEFINITION, jobsService(options.jobs));
    const idle = new IdleStreams();
    server.addService(WORKERS_DEFINITION, workersService(options.workers, idle));
    server.addService(Schedules as ServiceDefinition, schedulesService(options.schedules));
    const health = new HealthImplementation(
      Object.fromEntries(SERVICES.map((service) => [service, 'SERVING' as const])),
    );
    health.addToServer(server);
    addReflection(server);
    const credentials = tls && new RenewableCredentials(tls);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(listen, credentials ?? ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else {
          // `No address added out of total 1 resolved errors: [listen EADDRINUSE: …]`
          const said = error.message.replace(/^.* errors: \[(.*)\]$/, '$1');
          reject(badUsage({ what: `cannot listen (${said})`, where: listen, expected: 'HOST:PORT' }));
        }
      });
    });
    return new ApiServer({ server, health, access, gate, idle, credentials, port });
  }

  /** New rules and certificates, for whoever calls from now on; calls of those whom they leave out are ended. */
  renew(rules: AccessRules, tls: ServerTls | undefined): void {
    if (tls !== undefined) this.#credentials?.renew(tls);
    this.#access.renew(rules);
    this.#gate.recheck();
  }

  /** Tells load balancers whether to send anybody here; once it drains, nobody any more. */
  setReady(ready: boolean): void {
    if (this.#drained) return;
    for (const service of SERVICES) this.#health.setStatus(service, ready ? 'SERVING' : 'NOT_SERVING');
  }

  /** Tells load balancers to send nobody here any more. */
  drain(): void {
    this.setReady(false);
    this.#drained = true;
  }

  /** Waits for calls under way, but not for ever. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.#rechecks);
    this.#idle.close();
    const timer = setTimeout(() => this.#server.forceShutdown(), graceMs);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(timer);
  }
}
