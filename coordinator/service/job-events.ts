import type { JobEvent, JobNews, JobRelay, LiveProgress, LiveState } from '../queue/job-news.js';

interface LiveJob {
  state: LiveState;
  progress: LiveProgress | undefined;
  /** The last few events that are not progress. */
  readonly changes: JobEvent[];
  lastProgress: JobEvent | undefined;
  sequence: number;
  readonly listeners: Set<() => void>;
  watchers: number;
  /** Whether nothing more is to be said of it: what it was, the queue knows. */
  over: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Sequence numbers of a new process start above those of the last one: this many a millisecond. */
const SEQUENCES_PER_MS = 1024;
/** Progress is told this often. */
const PROGRESS_MS = 200;
const KEPT_CHANGES = 64;

/** The events of all jobs: who watches, what was said last. */
export class JobEvents {
  readonly #jobs = new Map<string, LiveJob>();
  readonly #nowMs: () => number;
  readonly #relay: JobRelay | undefined;
  readonly #onlookers = new Set<(id: string) => void>();
  #closed = false;

  /**
   * @param nowMs milliseconds since 1970
   * @param relay to other coordinators of the same queue
   */
  constructor(nowMs: () => number, relay?: JobRelay) {
    this.#nowMs = nowMs;
    this.#relay = relay;
    relay?.listen(
      (news) => this.#hear(news),
      () => this.#lookAgain(),
    );
  }

  state(id: string): LiveState {
    return this.#jobs.get(id)?.state ?? 'starting';
  }

  progress(id: string): LiveProgress | undefined {
    return this.#jobs.get(id)?.progress;
  }

  /** The last thing that was said of a job that is not progress. */
  note(id: string): string {
    return this.#jobs.get(id)?.changes.at(-1)?.note ?? '';
  }

  /** Calls `onlooker` with every job of which something new can be said; returns what ends that. */
  onChange(onlooker: (id: string) => void): () => void {
    this.#onlookers.add(onlooker);
    return () => void this.#onlookers.delete(onlooker);
  }

  /** The queue's record of the job changed. */
  queueChanged(id: string, note: string): void {
    this.#say(id, 'queue', { note });
  }

  /** The queue's last change of the job: only those who watch it now hear of it, others ask the queue. */
  ended(id: string, note: string): void {
    const job = this.#job(id);
    this.#say(id, 'queue', { note, over: true });
    clearTimeout(job.timer);
    job.over = true;
    this.#forgetIfOver(id, job);
  }

  /** Ends all watches. */
  close(): void {
    this.#closed = true;
    for (const job of this.#jobs.values()) wake(job);
  }

  enter(id: string, state: LiveState, note: string): void {
    const job = this.#job(id);
    if (job.state === state) return;
    job.state = state;
    this.#say(id, 'state', { note });
  }

  report(id: string, progress: LiveProgress): void {
    const job = this.#job(id);
    job.progress = progress;
    job.lastProgress = this.#event(job, 'progress', '');
    job.timer ??= setTimeout(() => {
      job.timer = undefined;
      wake(job);
      if (job.lastProgress !== undefined) {
        this.#relay?.tell({ id, event: job.lastProgress, progress: job.progress, over: false });
      }
      this.#tell(id);
    }, PROGRESS_MS);
  }

  /**
   * A job's events after a sequence number, as they happen: first the present state, no state left out,
   * progress that was overtaken left out. Ends with `signal`; who reads it knows when the job is over.
   */
  async *watch(id: string, after: number, signal: AbortSignal): AsyncGenerator<JobEvent> {
    const job = this.#job(id);
    job.watchers++;
    try {
      yield* eventsOf(job, { after, signal, isOver: () => this.#closed });
    } finally {
      job.watchers--;
      this.#forgetIfOver(id, job);
    }
  }

  /** Jobs of which something is remembered. */
  get size(): number {
    return this.#jobs.size;
  }

  #say(id: string, change: JobEvent['change'], { note, over = false }: { note: string; over?: boolean }): void {
    const job = this.#job(id);
    const event = this.#event(job, change, note);
    remember(job, event);
    this.#relay?.tell({ id, event, over });
    this.#tell(id);
  }

  #tell(id: string): void {
    for (const onlooker of this.#onlookers) onlooker(id);
  }

  /** What another coordinator tells of a job counts as if it had happened here. */
  #hear({ id, event, progress, over }: JobNews): void {
    const job = this.#job(id);
    job.over = over;
    job.state = event.state;
    // Clocks of coordinators differ: watchers here must still see numbers that grow.
    const sequence = Math.max(job.sequence + 1, event.sequence);
    job.sequence = sequence;
    if (progress !== undefined) job.progress = progress;
    if (event.change === 'progress') {
      job.lastProgress = { ...event, sequence };
      wake(job);
    } else remember(job, { ...event, sequence });
    this.#forgetIfOver(id, job);
    this.#tell(id);
  }

  /** What others told may have been missed: whoever watches looks at the queue. */
  #lookAgain(): void {
    for (const job of this.#jobs.values()) {
      if (job.watchers > 0) remember(job, this.#event(job, 'queue', job.changes.at(-1)?.note ?? ''));
    }
  }

  #forgetIfOver(id: string, job: LiveJob): void {
    if (job.over && job.watchers === 0) this.#jobs.delete(id);
  }

  #event(job: LiveJob, change: JobEvent['change'], note: string): JobEvent {
    job.over = false;
    job.sequence = Math.max(job.sequence + 1, this.#nowMs() * SEQUENCES_PER_MS);
    return { sequence: job.sequence, change, state: job.state, note };
  }

  #job(id: string): LiveJob {
    let job = this.#jobs.get(id);
    if (job === undefined) {
      job = {
        ...{ state: 'starting', progress: undefined, changes: [], lastProgress: undefined },
        ...{ sequence: this.#nowMs() * SEQUENCES_PER_MS, listeners: new Set(), timer: undefined },
        // Of a job that somebody asks for before anything is said of it, there is nothing to remember either.
        ...{ watchers: 0, over: true },
      };
      this.#jobs.set(id, job);
    }
    return job;
  }
}

function remember(job: LiveJob, event: JobEvent): void {
  job.changes.push(event);
  if (job.changes.length > KEPT_CHANGES) job.changes.shift();
  wake(job);
}

function wake(job: LiveJob): void {
  for (const listener of [...job.listeners]) listener();
}

interface Watch {
  readonly after: number;
  readonly signal: AbortSignal;
  readonly isOver: () => boolean;
}

async function* eventsOf(job: LiveJob, { after, signal, isOver }: Watch): AsyncGenerator<JobEvent> {
  const present = (): JobEvent => {
    const sequence = Math.max(job.sequence, after);
    return { sequence, change: 'queue', state: job.state, note: job.changes.at(-1)?.note ?? '' };
  };
  let last = after;
  // Who watches for the first time wants the present, not the past; who comes back, what was missed.
  if (after === 0 || !job.changes.some(({ sequence }) => sequence > after)) {
    const event = present();
    yield event;
    last = event.sequence;
  }
  while (!signal.aborted && !isOver()) {
    for (const event of job.changes.filter(({ sequence }) => sequence > last)) {
      yield event;
      last = event.sequence;
    }
    if (job.lastProgress !== undefined && job.lastProgress.sequence > last) {
      last = job.lastProgress.sequence;
      yield job.lastProgress;
      continue;
    }
    // Something may have happened while the reader was busy.
    if (job.changes.some(({ sequence }) => sequence > last)) continue;
    await new Promise<void>((resolve) => {
      const done = () => {
        job.listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      job.listeners.add(done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted || isOver()) done();
    });
  }
}
