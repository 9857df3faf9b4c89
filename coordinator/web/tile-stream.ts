import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { TileChanges, TileGrids } from '../../proto/page/messages.js';
import type { SeenJob } from '../cluster/cluster.js';
import type { PageEnv } from './page-gate.js';
import type { PicturePlace } from './picture-thread.js';
import type { Pictures } from './pictures.js';

/** Whose tiles are told of. */
export interface TileSource {
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

/** How often tiles are told of. */
const TELL_MS = 300;
const EARLIER = 'an earlier run';

/** Events `grid`, `tiles` and, when nothing more will come, `end`. */
export function tileStream(c: Context<PageEnv>, source: TileSource): Response {
  c.header('cache-control', 'no-store');
  return streamSSE(c, async (stream) => {
    const teller = new TileTeller(source);
    while (!stream.aborted && source.mayLook()) {
      const over = await source.isOver();
      const { grids, changes } = (await teller.next()) ?? {};
      if (grids !== undefined) await stream.writeSSE({ event: 'grid', data: JSON.stringify(grids) });
      if (changes !== undefined) await stream.writeSSE({ event: 'tiles', data: JSON.stringify(changes) });
      if (over) {
        await stream.writeSSE({ event: 'end', data: '{}' });
        return;
      }
      await stream.sleep(TELL_MS);
    }
  });
}

/** Puts together what the ledger and the scheduler say, each change once. */
class TileTeller {
  readonly #source: TileSource;
  readonly #workers = new Map<string, number>();
  #told = 0;
  #gridTold = false;
  #last = '';

  constructor(source: TileSource) {
    this.#source = source;
  }

  async next(): Promise<{ grids?: TileGrids; changes?: TileChanges } | undefined> {
    const { pictures, place, seen } = this.#source;
    const where = await place();
    if (where === undefined) return undefined;
    // The folder may be removed in between, when the job ends.
    const followed = await pictures.tiles(where, this.#told).catch(() => undefined);
    if (followed === undefined) return undefined;
    const job = seen();
    const fresh: string[] = [];
    const numberOf = (name: string) => {
      const known = this.#workers.get(name);
      if (known !== undefined) return known;
      fresh.push(name);
      this.#workers.set(name, this.#workers.size);
      return this.#workers.size - 1;
    };
    const committed = Array.from(followed.committed);
    for (let i = 0; i < committed.length; i += 3) {
      const part = followed.workers[committed[i + 2]!]!;
      committed[i + 2] = numberOf(job?.committers.of(committed[i]!, committed[i + 1]!) ?? workerOf(part));
    }
    const stages = job?.stages ?? [];
    const nowMs = this.#source.nowMs();
    const running = stages.flatMap(({ running: leases }) =>
      leases.flatMap(({ stage, tile, instance, startedAtMs }) =>
        startedAtMs === undefined
          ? []
          : [stage, tile, numberOf(job!.nameOf(instance)), Math.round(nowMs - startedAtMs)],
      ),
    );
    const repeated = stages.flatMap(({ repeated: tiles }, stage) =>
      tiles.flatMap(([tile, tries]) => [stage, tile, tries]),
    );
    const meanMs = stages.map((stage) => stage.meanMs ?? null);
    this.#told = followed.next;
    const { finishedShare, stages: grids, filter, size } = followed;
    const changes = { committed, workers: fresh, running, repeated, meanMs, finishedShare };
    const text = JSON.stringify({ running, repeated });
    const isNews = committed.length > 0 || !this.#gridTold || text !== this.#last;
    this.#last = text;
    const first = !this.#gridTold;
    this.#gridTold = true;
    return { ...(first && { grids: { ...size, stages: grids, filter } }), ...(isNews && { changes }) };
  }
}

/** `INSTANCE-THREAD` of a worker, or the number of a thread of the machine that ran the job itself. */
function workerOf(part: string): string {
  if (part === '') return EARLIER;
  return /^\d+$/.test(part) ? `thread ${part}` : part.replace(/-\d+$/, '');
}
