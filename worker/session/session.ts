import { readFileSync, writeFileSync } from 'node:fs';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { CoordinatorClient } from '../../proto/client/calls.js';
import type { CoordinatorEndpoint } from '../../proto/client/endpoint.js';
import { writeFailure } from '../../proto/convert/failure.js';
import type { halotile } from '../../proto/gen/messages.js';
import { Workers } from '../../proto/gen/services.js';
import { HalotileError, toErrorRecord } from '../../tiling/errors.js';
import type { Log, LogFields } from '../../tiling/log.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { type Span, type Tracing, traced } from '../../tiling/tracing.js';
import { textOf } from '../../tiling/words.js';
import type { Task, TaskResult } from '../../tiling/work/task.js';
import { commitResult } from '../remote/commit-result.js';
import { backoffMs } from '../remote/retry.js';
import { type GrantedWay, grantedWays, type SessionJob, sessionJob } from './session-job.js';
import type { PoolTask, TaskEnd, TaskPool } from './task-pool.js';
import { tellParts } from './task-spans.js';

/** What a worker's session with one coordinator runs on. */
export interface SessionOptions {
  readonly endpoint: CoordinatorEndpoint;
  /** Random, of this process. */
  readonly instance: string;
  /** For people. */
  readonly name: string;
  /** Release; must be the coordinator's. */
  readonly version: string;
  /** Kernel backends that passed their self-check, fastest first. */
  readonly backends: readonly string[];
  /** For people: the GPU's name, driver and memory. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Bytes that tiles may hold together; 0 for no limit. */
  readonly memoryBytes: number;
  readonly roots: StorageRoots;
  readonly pool: TaskPool;
  readonly log: Log;
  readonly tracing?: Tracing;
}

type Stream = ClientDuplexStream<halotile.v1.IAttachRequest, halotile.v1.AttachResponse>;

/** One lease that the coordinator granted. */
interface Held {
  readonly grant: halotile.v1.Grant;
  readonly stream: Stream;
  task: PoolTask | undefined;
  /** Of the attempt that runs, where somebody traces it. */
  span?: Span;
}

/** Leases that wait here for each thread, so that none is idle while a grant travels. */
const WAITING_PER_SLOT = 1;
/** Without a word from the coordinator for this many heartbeats the stream is dialled anew. */
const FIRST_HEARTBEAT_MS = 1000;
/** What a coordinator may take to hang up too. */
const HANG_UP_MS = 1000;

/** A worker's connection to one coordinator: dials, works, dials again. */
export class Session {
  readonly #options: SessionOptions;
  readonly #client: CoordinatorClient;
  readonly #jobs = new Map<string, SessionJob>();
  readonly #held = new Map<number, Held>();
  #stream: Stream | undefined;
  #failures = 0;
  /** Whether the coordinator has answered on this stream. */
  #isWelcome = false;
  #draining = false;
  /** Whether what still runs here is nobody's any more. */
  #isOver = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #redial: NodeJS.Timeout | undefined;
  #commits = 0;
  readonly #quiet = new Set<() => void>();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#client = new CoordinatorClient(options.endpoint);
    this.#dial();
  }

  /** Whether a coordinator hears of this worker. */
  get isConnected(): boolean {
    return this.#stream !== undefined && this.#isWelcome;
  }

  /** Finishes what runs within `graceMs`, gives back everything else, and hangs up. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    clearTimeout(this.#redial);
    this.#stream?.write({ draining: {} });
    for (const held of [...this.#held.values()]) this.#giveBack(held);
    await this.#quietWithin(graceMs);
    this.#isOver = true;
    for (const held of [...this.#held.values()]) this.#abandon(held);
    for (const key of [...this.#jobs.keys()]) this.#closeJob(key);
    clearInterval(this.#heartbeat);
    if (this.#stream !== undefined) await hungUp(this.#stream);
    this.#client.close();
  }

  async #quietWithin(graceMs: number): Promise<void> {
    if (this.#held.size + this.#commits === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#quiet.add(resolve);
      timer = setTimeout(resolve, graceMs);
    });
    clearTimeout(timer);
  }

  /** Gives a lease back although it runs. */
  #abandon(held: Held): void {
    this.#options.log(`${taskName(held.grant)} is not done in time; it goes back to the coordinator`, {
      ...aboutTask(held.grant),
      level: 'warn',
    });
    this.#say(held, { returned: { lease: held.grant.lease } });
    this.#drop(held);
  }

  #dial(): void {
    const { endpoint, instance, name, version, backends, labels = {}, memoryBytes, roots, pool } = this.#options;
    const stream = this.#client.duplex(Workers.attach);
    this.#stream = stream;
    let over = false;
    const lost = (reason: string) => {
      if (over) return;
      over = true;
      this.#lost(stream, reason);
    };
    stream.on('data', (message: halotile.v1.AttachResponse) => this.#receive(stream, message));
    stream.on('error', (error) => lost(this.#client.errorOf(error).message));
    stream.on('end', () => lost(`${endpoint.address}: the coordinator hung up`));
    const { slots } = pool;
    const means = { backends: [...backends], boundedBackends: [...pool.boundedBackends], slots, memoryBytes };
    stream.write({ hello: { instance, name, version, ...means, roots: roots.names, labels } });
    stream.write({ capacity: { leases: slots * (1 + WAITING_PER_SLOT) } });
    this.#beat(stream, FIRST_HEARTBEAT_MS);
    if (this.#failures === 0) this.#options.log(`dialling ${endpoint.address}`);
  }

  #lost(stream: Stream, reason: string): void {
    clearInterval(this.#heartbeat);
    this.#stream = undefined;
    this.#isWelcome = false;
    // The coordinator has taken these leases back; what runs is finished and committed all the same.
    for (const held of [...this.#held.values()]) {
      if (held.stream === stream && held.task !== undefined && this.#options.pool.remove(held.task)) this.#drop(held);
    }
    if (this.#draining) return;
    const delayMs = backoffMs(++this.#failures);
    this.#options.log(`${reason}; dialling again in ${Math.round(delayMs)} ms`, { level: 'warn' });
    this.#redial = setTimeout(() => this.#dial(), delayMs);
  }

  #beat(stream: Stream, everyMs: number): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      const running = [...this.#held.values()].filter(({ task }) => task && this.#options.pool.isRunning(task));
      const residentBytes = process.memoryUsage.rss();
      stream.write({ heartbeat: { running: running.map(({ grant }) => grant.lease), residentBytes } });
    }, everyMs);
  }

  #receive(stream: Stream, message: halotile.v1.AttachResponse): void {
    if (stream !== this.#stream) return;
    const { welcome, openJob, grant, cancelTask, closeJob, probe } = message;
    if (welcome) {
      this.#failures = 0;
      this.#isWelcome = true;
      this.#beat(stream, welcome.heartbeatMs || FIRST_HEARTBEAT_MS);
      this.#options.log(`works for ${welcome.coordinator || this.#options.endpoint.address}`);
    }
    if (probe) stream.write({ probed: this.#probe(probe) });
    if (openJob) this.#jobs.set(openJob.key ?? '', sessionJob(openJob as halotile.v1.OpenJob, this.#options));
    if (grant) this.#begin(stream, grant as halotile.v1.Grant);
    if (cancelTask) this.#cancel(cancelTask.lease ?? 0, cancelTask.overdue === true);
    if (closeJob) this.#closeJob(closeJob.key ?? '');
    if (message.drain) for (const held of [...this.#held.values()]) this.#giveBack(held);
  }

  #begin(stream: Stream, grant: halotile.v1.Grant): void {
    const held: Held = { grant, stream, task: undefined };
    this.#held.set(grant.lease, held);
    const job = this.#jobs.get(grant.key);
    const ways = job && grantedWays(job, grant, this.#options);
    if (ways === undefined || this.#draining) this.#giveBack(held);
    else this.#attempt(held, ways.preferred, ways.inline);
  }

  /** Runs an attempt; where it fails by reference, once more with everything through the coordinator. */
  #attempt(held: Held, { job, task }: GrantedWay, fallback: GrantedWay | undefined): void {
    const { lease, key, kind, stage, attempt } = held.grant;
    const parent = this.#jobs.get(key)?.traceparent;
    held.task = {
      attempt: (threads) => threads.run(job, withSpan(task, held.span)),
      onStart: () => {
        this.#say(held, { started: { lease } });
        if (parent === undefined) return;
        const attributes = { kind, stage, tile: held.grant.task, attempt, worker: this.#options.name };
        held.span = this.#options.tracing?.beginOneOfMany('tile', { parent, attributes });
      },
      onEnd: (end) => void this.#ended(held, fallback, end),
    };
    this.#options.pool.add(held.task);
  }

  async #ended(held: Held, fallback: GrantedWay | undefined, end: TaskEnd): Promise<void> {
    if (this.#isOver) return;
    const { lease } = held.grant;
    const { span } = held;
    if (span !== undefined && end.kind === 'done') tellParts(this.#options.tracing!, span, end.result);
    if (end.kind !== 'done') span?.end({ error: end.kind === 'failed' ? (end.error as Error).message : 'dropped' });
    if (end.kind === 'dropped') {
      this.#giveBack(held);
      return;
    }
    let error = end.kind === 'failed' ? end.error : undefined;
    if (end.kind === 'done') {
      if (!end.result.committed) error = await this.#commit(held, end.result);
      span?.end(error === undefined ? {} : { error: (error as Error).message });
    }
    if (error === undefined || (error instanceof HalotileError && error.tag === 'not-found')) {
      this.#drop(held);
      return;
    }
    const crashed = end.kind === 'failed' && end.crashed;
    const failure = toErrorRecord(error, 'tile-failed', { where: taskName(held.grant) });
    // Pixels that travel another way change nothing for a kernel that failed, or for a job that is over.
    const storage = failure.tag !== 'kernel-failed' && failure.tag !== 'interrupted';
    // A job that was closed meanwhile would be opened again by it, and never closed.
    const wanted = this.#held.has(lease) && this.#jobs.has(held.grant.key);
    if (fallback !== undefined && storage && !crashed && wanted) {
      this.#options.log(`${taskName(held.grant)}: ${textOf(failure.detail.what)}; once more through the coordinator`, {
        ...aboutTask(held.grant),
        level: 'warn',
      });
      this.#attempt(held, fallback, undefined);
      return;
    }
    this.#say(held, { failed: { lease, failure: writeFailure(failure), crashed } });
    this.#drop(held);
  }

  /** Hands over a task whose bytes are in storage; returns what went wrong. */
  async #commit({ grant: { key, lease }, span }: Held, result: TaskResult): Promise<unknown> {
    this.#commits++;
    const address = { key, lease, instance: this.#options.instance };
    const tracing = span && this.#options.tracing;
    try {
      await traced(tracing, { name: 'commit', parent: span?.context }, (traceparent) =>
        commitResult(this.#client, address, result, { traceparent }),
      );
      return undefined;
    } catch (error) {
      return error;
    } finally {
      this.#commits--;
    }
  }

  #cancel(lease: number, overdue: boolean): void {
    const held = this.#held.get(lease);
    if (held?.task === undefined) return;
    const { pool } = this.#options;
    if (pool.remove(held.task)) this.#drop(held);
    else if (overdue) {
      this.#options.log(`${taskName(held.grant)} is over its time; its threads are ended`, {
        ...aboutTask(held.grant),
        level: 'warn',
      });
      this.#drop(held);
      void pool.kill(held.task);
    }
    // A tile that runs and is not wanted any more is let run out: its result is refused.
  }

  #closeJob(key: string): void {
    for (const held of [...this.#held.values()]) {
      if (held.grant.key === key && held.task !== undefined && this.#options.pool.remove(held.task)) this.#drop(held);
    }
    const job = this.#jobs.get(key);
    this.#jobs.delete(key);
    if (job === undefined) return;
    for (const one of new Set([job.preferred, job.inline])) void this.#options.pool.closeJob(one.key);
  }

  /** Gives a lease back that has not begun; one that runs is kept. */
  #giveBack(held: Held): void {
    const { pool } = this.#options;
    if (held.task !== undefined && pool.isRunning(held.task)) return;
    if (held.task !== undefined) pool.remove(held.task);
    this.#say(held, { returned: { lease: held.grant.lease } });
    this.#drop(held);
  }

  #drop(held: Held): void {
    if (this.#held.get(held.grant.lease) === held) this.#held.delete(held.grant.lease);
    if (this.#held.size + this.#commits > 0) return;
    for (const resolve of this.#quiet) resolve();
    this.#quiet.clear();
  }

  /** Tells the coordinator, if the stream that granted the lease is still there. */
  #say(held: Held, message: halotile.v1.IAttachRequest): void {
    if (held.stream === this.#stream) held.stream.write(message);
  }

  /** Shows that this worker sees and writes the same storage as the coordinator. */
  #probe({ root = '', path = '', answerPath = '' }: halotile.v1.IProbe): halotile.v1.IProbeResult {
    const { roots } = this.#options;
    try {
      const content = readFileSync(roots.locate({ root, path }));
      const answer = Buffer.from(content).reverse();
      writeFileSync(roots.locate({ root, path: answerPath }), answer, { flag: 'wx' });
      return { root, path, content, answered: true };
    } catch (error) {
      this.#options.log(`storage root ${root} is not shared with the coordinator (${(error as Error).message})`, {
        level: 'warn',
      });
      return { root, path, answered: false };
    }
  }
}

/** A task that says which span its attempt is, to whom it hands its bytes. */
function withSpan(task: Task, span: Span | undefined): Task {
  if (span === undefined || task.granted === undefined) return task;
  return { ...task, granted: { ...task.granted, traceparent: span.context } } as Task;
}

/** Ends this side of a stream; returns when the other has heard everything and done the same, or is gone. */
function hungUp(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HANG_UP_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    for (const event of ['end', 'error', 'close']) stream.once(event, done);
    stream.end();
  });
}

/** The same for programs that read the log. */
function aboutTask({ key, task, stage, attempt }: halotile.v1.Grant): LogFields {
  return { job: key, stage, tile: task, attempt };
}

function taskName({ kind, task, stage }: halotile.v1.Grant): string {
  return `${kind} ${task} of stage ${stage}`;
}
