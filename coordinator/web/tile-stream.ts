import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { TileChanges, TileGrids } from '../../proto/page/messages.js';
import type { SeenJob } from '../cluster/cluster.js';
import type { RunningTiles } from '../job/running-job.js';
import { type FollowedTiles, followedTiles } from './followed-tiles.js';
import type { PageEnv } from './page-gate.js';
import type { PicturePlace } from './picture-thread.js';
import type { Pictures } from './pictures.js';
import { restMs } from './stream-pace.js';

/** Whose tiles are told of. */
export interface TileSource {
  /** Its tiles where this process runs the job: it knows them, and nothing needs to be read. */
  readonly running: () => RunningTiles | undefined;
  readonly pictures: Pictures;
  /** The unfinished output, undefined while there is none. */
  readonly place: () => Promise<PicturePlace | undefined>;
  /** What workers do for it now. */
  readonly seen: () => SeenJob | undefined;
  /** Whether nothing more will happen. */
  readonly isOver: () => Promise<boolean>;
  /** On the clock of leases. */
  readonly nowMs: () => number;
  /** Asked now and then: whether the caller may still look. */
  readonly mayLook: () => boolean;
}

/** How often tiles are told of, at most. */
const TELL_MS = 400;
const EARLIER = 'an earlier run';

/** Events `grid`, `tiles` and, when nothing more will come, `end`. */
export function tileStream(c: Context<PageEnv>, source: TileSource): Response {
  c.header('cache-control', 'no-store');
  return streamSSE(c, async (stream) => {
    const teller = new TileTeller(source);
    while (!stream.aborted && source.mayLook()) {
      const over = await source.isOver();
      const { grids, changes, tookMs = 0 } = (await teller.next()) ?? {};
      if (grids !== undefined) await stream.writeSSE({ event: 'grid', data: grids });
      if (changes !== undefined) await stream.writeSSE({ event: 'tiles', data: changes });
      if (over) {
        await stream.writeSSE({ event: 'end', data: '{}' });
        return;
      }
      await stream.sleep(restMs(tookMs, TELL_MS));
    }
  });
}

/** What is told at one time, as JSON, and what it took the main thread to say it. */
interface Told {
  readonly grids?: string;
  readonly changes?: string;
  readonly tookMs: number;
}

/** Puts together what is committed and what the scheduler says, each change once. */
class TileTeller {
  readonly #source: TileSource;
  #running: RunningTiles | undefined;
  #fresh: ReturnType<RunningTiles['follow']> | undefined;
  #workers = new Map<string, number>();
  #committed = new Counted();
  #gridTold = false;
  /** Whether tiles ran when it was told last: that they do no more is news. */
  #ran = false;

  constructor(source: TileSource) {
    this.#source = source;
  }

  /** Undefined while there is nothing to follow. */
  async next(): Promise<Told | undefined> {
    const followed = await this.#follow();
    if (followed === undefined) return undefined;
    const startMs = this.#source.nowMs();
    const changes = this.#changes(followed);
    const isNews = changes.committed.length > 0 || changes.running.length > 0 || this.#ran || !this.#gridTold;
    const grids = this.#gridTold ? {} : { grids: JSON.stringify(followed.grids satisfies TileGrids) };
    this.#ran = changes.running.length > 0;
    this.#gridTold = true;
    const told = { ...grids, ...(isNews && { changes: JSON.stringify(changes) }) };
    return { ...told, tookMs: this.#source.nowMs() - startMs };
  }

  async #follow(): Promise<FollowedTiles | undefined> {
    const { running, pictures, place } = this.#source;
    const now = running();
    if (now !== this.#running) {
      // It began to run here, or goes on elsewhere: all of it is told anew.
      this.#running = now;
      this.#fresh = now?.follow();
      this.#workers = new Map();
      this.#committed = new Counted();
      this.#gridTold = false;
    }
    if (now !== undefined) return followedTiles(now.shape, this.#fresh!());
    const where = await place();
    if (where === undefined) return undefined;
    // The folder may be removed in between, when the job ends.
    return pictures.tiles(where, this.#committed.all).catch(() => undefined);
  }

  #changes({ grids, committed: triples, workers }: FollowedTiles): TileChanges {
    const nowMs = this.#source.nowMs();
    const job = this.#source.seen();
    const fresh: string[] = [];
    const numberOf = (name: string) => {
      let number = this.#workers.get(name);
      if (number === undefined) {
        number = this.#workers.size;
        this.#workers.set(name, number);
        fresh.push(name);
      }
      return number;
    };
    const committed = Array.from(triples);
    for (let i = 0; i < committed.length; i += 3) {
      const part = workers[committed[i + 2]!]!;
      committed[i + 2] = numberOf(job?.committers.of(committed[i]!, committed[i + 1]!) ?? workerOf(part));
      this.#committed.all++;
      if (committed[i] === grids.filter) this.#committed.filtered++;
    }
    const running: number[] = [];
    const repeated: number[] = [];
    const stages = job?.stages ?? [];
    for (const [index, { running: leases, repeated: tiles }] of stages.entries()) {
      for (const { stage, tile, instance, startedAtMs } of leases) {
        if (startedAtMs === undefined) continue;
        running.push(stage, tile, numberOf(job!.nameOf(instance)), Math.round(nowMs - startedAtMs));
      }
      for (const [tile, tries] of tiles) repeated.push(index, tile, tries);
    }
    const meanMs = stages.map((stage) => stage.meanMs ?? null);
    const { across, down } = grids.stages[grids.filter]!;
    const finishedShare = this.#committed.filtered / (across * down);
    return { committed, workers: fresh, running, repeated, meanMs, finishedShare };
  }
}

/** Tiles that were told of: of all stages, and of the one that makes the pixels. */
class Counted {
  all = 0;
  filtered = 0;
}

/** `INSTANCE-THREAD` of a worker, or the number of a thread of the machine that ran the job itself. */
function workerOf(part: string): string {
  if (part === '') return EARLIER;
  return /^\d+$/.test(part) ? `thread ${part}` : part.replace(/-\d+$/, '');
}
