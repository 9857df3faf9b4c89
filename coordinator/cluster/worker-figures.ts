import type { halotile } from '../../proto/gen/messages.js';
import type { WorkerId } from '../scheduler/events.js';
import type { SeenWorker } from '../scheduler/look.js';

/** A connected worker as somebody who looks on sees it. */
export interface ConnectedWorker extends WorkerSelf, SeenWorker {}

/** Who it is, as its control stream says. */
interface Known {
  readonly id: WorkerId;
  readonly name: string;
  readonly sender: { readonly instance: string; readonly owner: string };
  readonly roots: ReadonlySet<string>;
}

interface WorkerSelf {
  readonly id: WorkerId;
  readonly link: Known;
  readonly hello: halotile.v1.IHello;
  readonly joinedAtMs: number;
  readonly residentBytes: number | undefined;
  /** Results that counted. */
  readonly tilesDone: number;
  readonly tilesPerMinute: number;
}

/** Results are counted in seconds of the last minute. */
const SECONDS = 60;

class Figures {
  residentBytes: number | undefined;
  tilesDone = 0;
  readonly #counts = new Uint32Array(SECONDS);
  #second = 0;

  constructor(
    readonly link: Known,
    readonly hello: halotile.v1.IHello,
    readonly joinedAtMs: number,
  ) {}

  count(nowMs: number): void {
    this.#advance(nowMs);
    this.tilesDone++;
    this.#counts[this.#second % SECONDS]!++;
  }

  perMinute(nowMs: number): number {
    this.#advance(nowMs);
    const seconds = Math.min(SECONDS, Math.max(1, (nowMs - this.joinedAtMs) / 1000));
    return (this.#counts.reduce((sum, count) => sum + count, 0) * SECONDS) / seconds;
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second - this.#second >= SECONDS) this.#counts.fill(0);
    else for (let at = this.#second + 1; at <= second; at++) this.#counts[at % SECONDS] = 0;
    this.#second = Math.max(this.#second, second);
  }
}

/** What connected workers say of themselves and have done, for people; nothing is decided by it. */
export class WorkerFigures {
  readonly #workers = new Map<WorkerId, Figures>();
  /** A worker that dials again may be there twice for a moment; the last one counts. */
  readonly #byInstance = new Map<string, Figures>();

  join(link: Known, hello: halotile.v1.IHello, nowMs: number): void {
    const figures = new Figures(link, hello, nowMs);
    this.#workers.set(link.id, figures);
    this.#byInstance.set(link.sender.instance, figures);
  }

  leave(id: WorkerId): void {
    const figures = this.#workers.get(id);
    if (figures === undefined) return;
    this.#workers.delete(id);
    const { instance } = figures.link.sender;
    if (this.#byInstance.get(instance) === figures) this.#byInstance.delete(instance);
  }

  noteMemory(id: WorkerId, residentBytes: number): void {
    const figures = this.#workers.get(id);
    if (figures !== undefined) figures.residentBytes = residentBytes;
  }

  noteResult(instance: string, nowMs: number): void {
    this.#byInstance.get(instance)?.count(nowMs);
  }

  /** For people: what the worker calls itself, its instance where it has left. */
  nameOf(instance: string): string {
    return this.#byInstance.get(instance)?.link.name ?? instance.slice(instance.indexOf('/') + 1);
  }

  all(nowMs: number): WorkerSelf[] {
    return [...this.#workers].map(([id, figures]) => {
      const { link, hello, joinedAtMs, residentBytes, tilesDone } = figures;
      return { id, link, hello, joinedAtMs, residentBytes, tilesDone, tilesPerMinute: figures.perMinute(nowMs) };
    });
  }
}
