import type { Log, LogFields } from '../../tiling/log.js';
import { textOf } from '../../tiling/words.js';
import type { CoordinatorObserver } from '../observe/observer.js';
import type { LeaseName, SchedulerCommand, SchedulerEvent, Verdict } from '../scheduler/events.js';
import type { NoResult } from './no-result.js';
import type { Sender, WorkerLink } from './worker-link.js';

type Failed = Extract<SchedulerEvent, { type: 'task-failed' }>;
type Compared = Extract<SchedulerCommand, { type: 'compared' }>;
type Tile = Pick<LeaseName, 'job' | 'stage' | 'tile'>;

/** Whom it is said to. */
export interface AttemptEndsOptions {
  readonly log: Log;
  readonly observer: CoordinatorObserver | undefined;
  /** What a log line about a tile has for programs. */
  readonly about: (tile: Tile) => LogFields;
}

/** How attempts end, and what is wrong with results: counted, and said to the operator. */
export class AttemptEnds {
  readonly #options: AttemptEndsOptions;
  /** Attempts that ended without a commit. */
  wasted = 0;
  /** Tasks that two workers computed alike. */
  verified = 0;

  constructor(options: AttemptEndsOptions) {
    this.#options = options;
  }

  failed({ crashed, failure }: Failed, worker: string | undefined): void {
    this.wasted++;
    this.#options.observer?.attemptEnded(crashed ? 'crashed' : 'failed');
    this.#options.log(`worker ${worker}: ${textOf(failure.detail.what)}`, { worker, level: 'warn' });
  }

  returned(): void {
    this.#options.observer?.attemptEnded('returned');
  }

  /** With their worker. */
  lost(attempts: number): void {
    for (let left = attempts; left > 0; left--) this.#options.observer?.attemptEnded('lost');
  }

  refused({ name, owner }: Sender, lease: LeaseName, error: NoResult): void {
    const { log, observer, about } = this.#options;
    this.wasted++;
    observer?.attemptEnded('refused');
    observer?.alarm('result-refused');
    const line = `REFUSED a result of worker ${name} (${owner}): ${error.message}`;
    log(line, { ...about(lease), worker: name, level: 'error' });
  }

  judged(verdict: Verdict, of: Tile): void {
    const { log, observer, about } = this.#options;
    if (verdict !== 'commit' && verdict !== 'held') this.wasted++;
    observer?.attemptEnded(verdict);
    if (verdict !== 'unequal') return;
    observer?.alarm('repeated-unequal');
    const line = `ALARM: tile ${of.tile} of stage ${of.stage} of ${of.job} came twice with different pixels`;
    log(line, { ...about(of), level: 'error' });
  }

  /** What workers computed that were to compute the same. */
  compared({ outcome, instances, wrong, ...of }: Compared): void {
    const { log, observer, about } = this.#options;
    if (outcome === 'equal') this.verified++;
    if (outcome === 'equal' && wrong.length === 0) return;
    const where = `tile ${of.tile} of stage ${of.stage} of ${of.job}`;
    const who = instances.join(' and ');
    const fields = about(of);
    if (outcome === 'different') {
      observer?.alarm('workers-disagree');
      log(`ALARM: ${where}: workers ${who} computed different pixels`, { ...fields, level: 'error' });
    }
    if (outcome === 'nobody-else')
      log(`${where} is not verified: no other worker than ${who} is there`, { ...fields, level: 'warn' });
    for (const instance of wrong) {
      const line = `ALARM: ${where}: two workers agree against ${instance}, which is sent away`;
      log(line, { ...fields, level: 'error' });
    }
  }

  banned(link: WorkerLink | undefined): void {
    this.#options.observer?.alarm('worker-banned');
    const line = `worker ${link?.name} is sent away, as are all of ${link?.sender.owner}`;
    this.#options.log(line, { worker: link?.name, level: 'error' });
  }
}
