import { readFileSync } from 'node:fs';
import type { PictureName, ShownThing } from '../../proto/page/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import type { Log } from '../../tiling/log.js';
import { Audit } from '../api/audit.js';
import { isLoopback } from '../api/loopback.js';
import { halotileVersion } from '../job/prepare-job.js';
import { finishedFile, isThere } from './moved-output.js';
import { pageApp } from './page-app.js';
import { PageGate } from './page-gate.js';
import { addPictureRoutes } from './picture-routes.js';
import type { PicturePlace } from './picture-thread.js';
import { Pictures } from './pictures.js';
import { reportResponse } from './report-response.js';
import { tileStream } from './tile-stream.js';
import { WebServer } from './web-server.js';

/** A picture with its place on this machine. */
export interface ShownPicture extends Omit<PictureName, 'id'>, PicturePlace {}

/** What is shown, and where. */
export interface ShownServerOptions {
  /** HOST:PORT of this machine; port 0 takes a free one. */
  readonly listen: string;
  readonly title: string;
  readonly pictures: readonly ShownPicture[];
  /** A `report.html`. */
  readonly report?: string;
  /** Other sites whose pages may read the pictures. */
  readonly origins: readonly string[];
  /** For what pictures need while they are open; removed at the end. */
  readonly scratchDirectory: string;
  readonly clock: { readonly wallMs: () => number; readonly monotonicMs: () => number };
  readonly log: Log;
}

/** Shows files of this machine to browsers and viewers of this machine, until it is closed. */
export class ShownServer {
  readonly port: number;
  /** By role, or by number: what URLs call the pictures. */
  readonly names: readonly PictureName[];
  readonly #close: () => Promise<void>;

  private constructor(port: number, names: readonly PictureName[], close: () => Promise<void>) {
    this.port = port;
    this.names = names;
    this.#close = close;
  }

  /** @throws bad-usage where the address cannot be listened on */
  static async start(options: ShownServerOptions): Promise<ShownServer> {
    const { listen, title, pictures: shown, report, origins, scratchDirectory, clock, log } = options;
    const nowMs = clock.wallMs;
    const audit = new Audit(() => {}, nowMs);
    const access = { mutual: false };
    const gate = new PageGate({ access, audit, loopback: isLoopback(listen), secure: false, origins, nowMs });
    const places = new Map<string, PicturePlace>();
    const names = shown.map(({ label, role, path, unfinished }, index): PictureName => {
      const id = role === 'file' ? String(index + 1) : role;
      places.set(id, { path, unfinished });
      return { id, label, role };
    });
    const unfinished = shown.find((picture) => picture.unfinished);
    const thing: ShownThing = {
      ...{ title, pictures: names },
      ...(unfinished && { unfinished: true }),
      ...(report !== undefined && { report: true }),
    };
    const app = pageApp({ gate, mode: 'view', version: halotileVersion(), shown: thing, nameOf: (path) => path, log });
    const pictures = new Pictures(scratchDirectory);
    const placeOf = async (id: string) => {
      const place = places.get(id);
      if (place !== undefined) return isThere(place) ? place : (finishedFile(place) ?? place);
      throw new HalotileError('not-found', { what: 'no such picture', where: id.slice(0, 80) });
    };
    addPictureRoutes(app, { gate, pictures, placeOf });
    app.get('/api/shown/report', gate.caller, (c) => {
      if (report === undefined) throw new HalotileError('not-found', { what: 'there is no report' });
      return reportResponse(c, readFileSync(report));
    });
    app.get('/api/shown/tiles', gate.caller, (c) => {
      if (unfinished === undefined) throw new HalotileError('not-found', { what: 'the output is finished' });
      return tileStream(c, {
        running: () => undefined,
        pictures,
        place: async () => unfinished,
        seen: () => undefined,
        isOver: async () => !isThere(unfinished),
        nowMs: clock.monotonicMs,
        mayLook: () => true,
      });
    });
    const server = await WebServer.start(app, { listen });
    return new ShownServer(server.port, names, async () => {
      await server.close();
      await pictures.close();
    });
  }

  close(): Promise<void> {
    return this.#close();
  }
}
