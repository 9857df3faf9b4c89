import { join } from 'node:path';
import type { Log } from '../../tiling/log.js';
import type { AccessRules } from '../api/access.js';
import { Audit } from '../api/audit.js';
import type { ScheduleMeans } from '../api/caller-schedules.js';
import { isLoopback } from '../api/loopback.js';
import type { SubmissionMeans } from '../api/submit-job.js';
import type { ServerTls } from '../api/tls.js';
import type { Cluster } from '../cluster/cluster.js';
import { halotileVersion } from '../job/prepare-job.js';
import type { RunningTiles } from '../job/running-job.js';
import type { Places } from '../service/places.js';
import { addEventStream } from './event-stream.js';
import { JobPlaces } from './job-places.js';
import { addJobRoutes } from './job-routes.js';
import { Paces } from './pace.js';
import { pageApp } from './page-app.js';
import { PageGate } from './page-gate.js';
import { addPictureRoutes } from './picture-routes.js';
import { Pictures } from './pictures.js';
import { addScheduleRoutes } from './schedule-routes.js';
import { WebServer } from './web-server.js';

/** Where a coordinator's page listens and what it shows. */
export interface CoordinatorPageOptions extends SubmissionMeans {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly tls?: ServerTls;
  readonly access: AccessRules;
  /** Other sites whose pages may read pictures. */
  readonly origins: readonly string[];
  readonly cluster: Cluster;
  readonly places: Places;
  readonly schedules: ScheduleMeans;
  /** The tiles of a job over one image that this coordinator runs. */
  readonly tilesOf: (id: string) => RunningTiles | undefined;
  /** For what pictures need while they are open. */
  readonly scratchDirectory: string;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly log: Log;
}

/** A coordinator's page, over HTTP. */
export class CoordinatorPage {
  readonly #server: WebServer;
  readonly #gate: PageGate;
  readonly #close: () => Promise<void>;

  private constructor(server: WebServer, gate: PageGate, close: () => Promise<void>) {
    this.#server = server;
    this.#gate = gate;
    this.#close = close;
  }

  /** @throws bad-usage where the address cannot be listened on */
  static async start(options: CoordinatorPageOptions): Promise<CoordinatorPage> {
    const { listen, tls, access, origins, queue, events, cluster, places, nowMs, log } = options;
    const audit = new Audit(log, nowMs);
    const secure = tls !== undefined;
    const gate = new PageGate({ access, audit, loopback: isLoopback(listen), secure, origins, nowMs });
    const nameOf = (path: string) => places.shown(path);
    const app = pageApp({ gate, mode: 'serve', version: halotileVersion(), nameOf, log });
    const pictures = new Pictures(join(options.scratchDirectory, 'page'));
    const jobs = new JobPlaces(queue, places, nowMs);
    const paces = new Paces();
    const unwatch = events.onChange((id) => {
      const progress = events.progress(id);
      if (progress !== undefined) paces.note(id, progress, nowMs());
    });
    addJobRoutes(app, { ...options, gate, audit, jobs, pictures, paces });
    addScheduleRoutes(app, { gate, audit, schedules: options.schedules });
    addEventStream(app, { gate, queue, events, cluster, paces, nowMs });
    addPictureRoutes(app, { gate, pictures, placeOf: (id, caller) => jobs.placeOf(id, caller) });
    const server = await WebServer.start(app, { listen, tls });
    return new CoordinatorPage(server, gate, async () => {
      unwatch();
      await server.close();
      await pictures.close();
    });
  }

  get port(): number {
    return this.#server.port;
  }

  renew(access: AccessRules, tls: ServerTls | undefined): void {
    this.#gate.renew(access);
    this.#server.renew(tls);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
