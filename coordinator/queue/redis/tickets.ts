import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ConnectionOptions, Job, Queue, Worker } from 'bullmq';
import { installed, type RedisClient, type RedisClients } from './connect.js';
import { withoutKey } from './pipelines.js';

/** A claim on a job at BullMQ: its lock must be renewed, or another coordinator gets the job. */
export interface Ticket {
  readonly id: string;
  readonly token: string;
  readonly job: Job;
}

/** What locks live by. */
export interface TicketTimes {
  /** A lock that nobody has renewed for so long is free. */
  readonly lockMs: number;
  /** How often jobs without a lock are looked for; they wait again at the second look. */
  readonly stalledMs: number;
}

/** How a job waits: those of a higher priority are taken first. */
interface WaitTerms {
  readonly priority: number;
  readonly delayMs?: number;
}

/** What tickets are opened with. */
interface TicketsOptions {
  readonly prefix: string;
  readonly times: TicketTimes;
  /** By which those that are put off wait, milliseconds since 1970: the same clock for all coordinators. */
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
}

/** Ours is the rule how often a claimer may die (see transitions.ts), not BullMQ's. */
const NO_LIMIT = 1_000_000;
const RETRY_MS = 500;
const CLOSE_MS = 2_000;
/** BullMQ takes the smallest number first, ours is the largest; 0 would be a list of its own before all others. */
const LOWEST = 1_001;
/**
 * Ten years that are added to the time until which a ticket is put off: each BullMQ compares that with the clock of its
 * machine, which may be wrong, and must never find it due. Whoever goes by the clock of Redis lets it wait again.
 */
const OUT_OF_REACH_MS = 10 * 365 * 86_400_000;
/** In the scores of tickets that are put off BullMQ counts by this many a millisecond. */
const SCORES_PER_MS = 0x1000;
/** Tickets that wait again at one look; further ones at the next. */
const DUE_AT_ONCE = 1_000;

/**
 * The jobs that wait, are delayed or held, in BullMQ: one of its jobs for each of ours that is not over, without data.
 * What a job is, its record says.
 */
export class Tickets {
  readonly #commands: RedisClient;
  readonly #queue: Queue;
  readonly #worker: Worker;
  readonly #nowMs: () => number;
  readonly #log: (line: string) => void;
  readonly #times: TicketTimes;
  readonly #waiters = new Set<(ticket: Ticket) => void>();
  #pumping = false;
  #closed = false;

  private constructor(parts: {
    readonly commands: RedisClient;
    readonly queue: Queue;
    readonly worker: Worker;
    readonly times: TicketTimes;
    readonly nowMs: () => number;
    readonly log: (line: string) => void;
  }) {
    this.#commands = parts.commands;
    this.#queue = parts.queue;
    this.#worker = parts.worker;
    this.#times = parts.times;
    this.#nowMs = parts.nowMs;
    this.#log = parts.log;
  }

  /** BullMQ is loaded here and nowhere else. */
  static async open(clients: RedisClients, { prefix, times, nowMs, log }: TicketsOptions): Promise<Tickets> {
    const { Queue, Worker } = await installed(import('bullmq'));
    const common = { prefix, skipVersionCheck: true };
    const queue = new Queue('jobs', { ...common, connection: clients.tickets as ConnectionOptions });
    const worker = new Worker('jobs', undefined, {
      ...common,
      connection: clients.waiting as ConnectionOptions,
      autorun: false,
      lockDuration: times.lockMs,
      stalledInterval: times.stalledMs,
      maxStalledCount: NO_LIMIT,
    });
    // Each connection says itself that it is lost.
    queue.on('error', () => {});
    worker.on('error', () => {});
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    await worker.startStalledCheckTimer();
    return new Tickets({ commands: clients.commands, queue, worker, times, nowMs, log });
  }

  /** Lets a job wait, for `delayMs` at least; one that waits already, or is held, stays as it is. */
  async add(id: string, terms: WaitTerms): Promise<void> {
    await this.#queue.add('job', {}, this.#optionsOf({ id, ...terms }));
  }

  /** Lets many wait, each as {@link add} does. */
  async addAll(jobs: readonly (WaitTerms & { readonly id: string })[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.#queue.addBulk(jobs.map((job) => ({ name: 'job', data: {}, opts: this.#optionsOf(job) })));
  }

  /** A job that waits does so no more; one that is held stays so. */
  async remove(id: string): Promise<void> {
    await this.#queue.remove(id);
  }

  /** Those of the jobs that neither wait nor are held. */
  unknown(ids: readonly string[]): Promise<string[]> {
    return withoutKey(this.#commands, ids, (id) => this.#queue.toKey(id));
  }

  /** Whether somebody holds the ticket of a job. */
  async isHeld(id: string): Promise<boolean> {
    return (await this.#queue.getJobState(id)) === 'active';
  }

  /** The next job that waits, once there is one; undefined after `signal` aborts. */
  next(signal: AbortSignal): Promise<Ticket | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#waiters.delete(waiter);
        resolve(undefined);
      };
      const waiter = (ticket: Ticket) => {
        signal.removeEventListener('abort', onAbort);
        this.#waiters.delete(waiter);
        resolve(ticket);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      // A ticket that cannot be given back waits again when its lock has run out.
      this.#pump().catch((error: Error) => this.#log(`cannot give a job back to Redis: ${error.message}`));
    });
  }

  /** The job waits again, for `delayMs` at least; false where the lock was lost. */
  async putOff({ job, token }: Ticket, delayMs: number): Promise<void> {
    const untilMs = this.#nowMs() + delayMs + OUT_OF_REACH_MS;
    await job.moveToDelayed(untilMs, token).catch((error: Error) => this.#judge(error));
  }

  /** Lets those wait again whose time has come. */
  async wakeDue(): Promise<void> {
    const last = (this.#nowMs() + OUT_OF_REACH_MS + 1) * SCORES_PER_MS - 1;
    const delayed = this.#queue.toKey('delayed');
    const due = await this.#commands.zrangebyscore(delayed, '-inf', last, 'LIMIT', 0, DUE_AT_ONCE);
    for (const id of due) {
      const job: Job | undefined = await this.#queue.getJob(id);
      await job?.promote().catch((error: Error) => this.#judge(error));
    }
  }

  /** The job is over, or is none; without effect where the lock was lost. */
  async finish({ job, token }: Ticket): Promise<void> {
    await job.moveToCompleted('', token, false).catch((error: Error) => this.#judge(error));
  }

  /** The job waits again, before others of its priority; without effect where the lock was lost. */
  async giveBack({ job, token }: Ticket): Promise<void> {
    await job.moveToWait(token).catch((error: Error) => this.#judge(error));
  }

  /** Renews locks; returns the ids of those that are lost. */
  async renew(tickets: readonly Ticket[]): Promise<string[]> {
    const ids = tickets.map(({ id }) => id);
    const tokens = tickets.map(({ token }) => token);
    return this.#worker.extendJobLocks(ids, tokens, this.#times.lockMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    // Neither ends by itself where Redis is away.
    const closed = Promise.allSettled([this.#worker.close(true), this.#queue.close()]);
    await Promise.race([closed, pause(CLOSE_MS, undefined, { ref: false })]);
  }

  /** One fetch at a time, as long as somebody waits for a job. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#waiters.size > 0 && !this.#closed) {
        const ticket = await this.#fetch();
        if (ticket === undefined) continue;
        const [waiter] = this.#waiters;
        if (waiter !== undefined) waiter(ticket);
        else await this.giveBack(ticket);
      }
    } finally {
      this.#pumping = false;
    }
  }

  async #fetch(): Promise<Ticket | undefined> {
    const token = randomUUID();
    try {
      const job = await this.#worker.getNextJob(token, { block: true });
      return job?.id === undefined ? undefined : { id: job.id, token, job };
    } catch (error) {
      if (!this.#closed) this.#log(`cannot ask Redis for a job: ${(error as Error).message}`);
      await pause(RETRY_MS, undefined, { ref: false });
      return undefined;
    }
  }

  /** A lock that was lost is another's matter; it waits or is held there. */
  #judge(error: Error): void {
    if (/lock|not in the (?:active|delayed)|Missing key/i.test(error.message)) return;
    throw error;
  }

  #optionsOf({ id, priority, delayMs = 0 }: WaitTerms & { readonly id: string }) {
    const timestamp = this.#nowMs();
    return {
      jobId: id,
      priority: LOWEST - priority,
      delay: delayMs > 0 ? delayMs + OUT_OF_REACH_MS : 0,
      timestamp,
      removeOnComplete: true,
      removeOnFail: true,
    };
  }
}
