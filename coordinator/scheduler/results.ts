import { someOther } from './choose.js';
import type { LeaseName, SchedulerEvent, Verdict } from './events.js';
import type { Failures } from './failures.js';
import type { Books, Leases } from './leases.js';
import { type Opinion, weigh } from './opinions.js';
import { type OpenJob, TILE_COMMITTED } from './state.js';

/** What results are judged by; the scheduler's own. */
export interface ResultBooks extends Books {
  readonly leases: Leases;
  readonly failures: Failures;
}

/** Which results count: the first of a tile, or, of one that is doubted, the first that two workers agree on. */
export class Results {
  readonly #books: ResultBooks;

  constructor(books: ResultBooks) {
    this.#books = books;
  }

  /** Says the verdict on a result. Returns who was wrong where it counts against others; room is then the caller's to fill. */
  judge({
    job: key,
    stage: index,
    tile,
    pixelCrc,
    lease: leaseId,
    ...by
  }: Extract<SchedulerEvent, { type: 'result' }>): readonly Opinion[] {
    const { jobs, leases, say } = this.#books;
    const job = jobs.get(key);
    const stage = job?.stages[index];
    const end = (verdict: Verdict) => say({ type: 'verdict', verdict, job: key, stage: index, tile });
    if (job === undefined || stage === undefined || (stage.attempts[tile] ?? 0) === 0) {
      end('unwanted');
      return [];
    }
    if (stage.tileState[tile] === TILE_COMMITTED) {
      end(stage.crcs[tile] === pixelCrc ? 'duplicate' : 'unequal');
      return [];
    }
    const doubted = by.doubted === true || stage.opinions.has(tile);
    const wrong = doubted ? this.#compare({ job, stage: index, tile, lease: leaseId }, { ...by, pixelCrc }) : [];
    if (wrong === undefined) {
      end('held');
      leases.fillAll();
      return [];
    }
    stage.commit(tile, pixelCrc);
    end('commit');
    const held = [...(stage.running.get(tile) ?? [])];
    for (const lease of held) {
      if (lease.id !== leaseId) say({ type: 'cancel', worker: lease.worker.id, lease: lease.id, overdue: false });
      leases.end(lease);
    }
    // Nothing is granted before those who were wrong are gone.
    if (wrong.length > 0) return wrong;
    // Only those who got room can start something, unless the next stage became free.
    if (stage.remaining === 0) leases.fillAll();
    else for (const lease of held) leases.fill(lease.worker);
    return wrong;
  }

  /** Compares a result with those of other workers; who was wrong where it counts now, undefined where it does not. */
  #compare(
    { job, stage: index, tile, lease: leaseId }: Omit<LeaseName, 'job'> & { readonly job: OpenJob },
    { instance, owner, pixelCrc }: Opinion,
  ): readonly Opinion[] | undefined {
    const { workers, leases, failures } = this.#books;
    const stage = job.stages[index]!;
    const opinions = (stage.opinions.get(tile) ?? []).filter((opinion) => opinion.instance !== instance);
    const latest = { instance, owner, pixelCrc };
    const { avoid } = stage.troubleOf(tile);
    avoid.add(instance);
    const judgement = weigh(opinions, latest, someOther(job, avoid, workers));
    const wrong = judgement.type === 'agreed' ? judgement.wrong : [];
    const say = (outcome: 'equal' | 'different' | 'nobody-else') =>
      this.#books.say({
        ...{ type: 'compared', outcome, job: job.key, stage: index, tile },
        instances: [...opinions, latest].map((opinion) => opinion.instance),
        wrong: wrong.map((opinion) => opinion.instance),
      });
    if (judgement.type === 'agreed') say('equal');
    else if (judgement.type === 'single') say('nobody-else');
    else if (opinions.length > 0) say('different');
    if (judgement.type === 'agreed' || judgement.type === 'single') return wrong;
    stage.opinions.set(tile, [...opinions, latest]);
    const lease = stage.running.get(tile)?.find(({ id }) => id === leaseId);
    if (lease !== undefined) {
      leases.end(lease);
      leases.requeue(lease);
    }
    if (judgement.type === 'split') {
      failures.giveUp(
        { job, stage: index, tile },
        {
          tag: 'tile-failed',
          detail: {
            what: `${opinions.length + 1} workers computed different pixels, and no other one is connected to tell who is right`,
            tile: { stage: index, index: tile },
            remedy: 'connect one more worker, and submit the job again to continue it',
          },
        },
      );
    }
    return undefined;
  }
}
