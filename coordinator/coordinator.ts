import { accessSync, chmodSync, constants, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { halotile } from '../proto/gen/messages.js';
import { HalotileError } from '../tiling/errors.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import type { Log } from '../tiling/log.js';
import { makeFolder } from '../tiling/make-folder.js';
import { tileCount } from '../tiling/plan/levels.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import { prepareOptions } from '../tiling/prepare/job-rasters.js';
import { makeScratchFolder } from '../tiling/sources/scratch-folder.js';
import { StorageRoots } from '../tiling/sources/storage-roots.js';
import type { Tracing } from '../tiling/tracing.js';
import type { Executor } from '../tiling/work/task.js';
import type { AccessRules, CertificateEntry, TokenEntry } from './api/access.js';
import { endedJob } from './api/follow-message.js';
import { failWith } from './api/handlers.js';
import { removeLeftProbes } from './api/probe-files.js';
import { ApiServer } from './api/server.js';
import type { ServerTls } from './api/tls.js';
import { Cluster } from './cluster/cluster.js';
import { FileThreads } from './cluster/file-threads.js';
import { FollowRunner } from './follow/follow-runner.js';
import { FollowStore } from './follow/follow-store.js';
import { sendWebhook, type WebhookTargets } from './follow/send-webhook.js';
import { halotileVersion, type JobPlanner, questionsTo } from './job/prepare-job.js';
import { refuseTablePlan } from './job/run-table.js';
import type { CoordinatorObserver } from './observe/observer.js';
import { EmbeddedQueue } from './queue/embedded/embedded-queue.js';
import type { LiveState } from './queue/job-news.js';
import type { JobQueue } from './queue/job-queue.js';
import { type QueueDepth, queueDepth } from './queue/queue-depth.js';
import { loadCron } from './schedule/cron-times.js';
import { ScheduleRunner } from './schedule/schedule-runner.js';
import { ScheduleStore } from './schedule/schedule-store.js';
import type { SchedulerLimits } from './scheduler/events.js';
import type { SchedulerLoad } from './scheduler/load.js';
import type { KeepLimits } from './service/expiry.js';
import { JobEvents } from './service/job-events.js';
import { JobRunner } from './service/job-runner.js';
import { type Owner, Places } from './service/places.js';
import { type PlanningLimits, PlanningThreads } from './service/planning-threads.js';
import { type HeldFiles, Retention } from './service/retention.js';
import { Uploads } from './service/uploads.js';
import type { CoordinatorPage, CoordinatorPageOptions } from './web/coordinator-page.js';

/** Whom a coordinator lets in; may be replaced while it runs. */
export interface CoordinatorAccess {
  readonly tls?: ServerTls;
  readonly tokens?: readonly TokenEntry[];
  /** What client certificates stand for; one that is not named is a client of its common name. */
  readonly certificates?: readonly CertificateEntry[];
}

/** What a coordinator is started with. */
export interface CoordinatorOptions extends CoordinatorAccess {
  /** HOST:PORT. */
  readonly listen: string;
  /** Queue, uploads and results; made where absent. */
  readonly stateDirectory: string;
  /** Directories that jobs may name, by name. */
  readonly roots: Readonly<Record<string, string>>;
  readonly limits: SchedulerLimits;
  /** One task in so many is computed on a second worker and compared; none where absent. */
  readonly verifyEvery?: number;
  /** What one worker is taken to have. */
  readonly machine: PlanMachine;
  /** Threads of this process, for work that is needed at once or too large to travel. */
  readonly here: Executor;
  /** The queue to take jobs from; opens one below the state directory where absent. */
  readonly queue?: JobQueue;
  readonly maxRunning: number;
  readonly maxOpenJobs: number;
  readonly maxUploadBytes: number;
  /** Uploads that one principal may keep, whatever their size; 100,000 where absent. */
  readonly maxUploads?: number;
  /** Calls that one client may have under way; 2,048 where absent. */
  readonly maxCalls?: number;
  /** What becomes of uploads and results that nobody uses. */
  readonly keep: KeepLimits;
  readonly durable: boolean;
  /** HOST:PORT of the page for browsers; none where absent. */
  readonly web?: string;
  /** Sites, as `https://host`, whose pages may read this one's pictures. */
  readonly webOrigins?: readonly string[];
  /** Whom the ends of jobs may be told to; anybody where absent. */
  readonly webhooks?: WebhookTargets;
  /** What checking and planning a job may take; the usual where absent. */
  readonly planning?: PlanningLimits;
  readonly clock: CoordinatorClock;
  readonly newId: () => string;
  readonly log: Log;
  /** Counts what happens. */
  readonly observer?: CoordinatorObserver;
  readonly tracing?: Tracing;
}

/** The clocks of a coordinator, given from outside so that tests need not wait. */
export interface CoordinatorClock {
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Milliseconds that never go back. */
  readonly monotonicMs: () => number;
}

/** How long finished jobs are remembered. */
const RETENTION_MS = 14 * 24 * 3600_000;
const CLOSE_GRACE_MS = 5_000;
const MAX_UPLOADS = 100_000;
/** As many watches as a client may have open jobs, and as many calls again. */
const MAX_CALLS = 2_048;
/** Uploads of one principal that were begun and not ended. */
const MAX_OPEN_UPLOADS = 1_000;

interface Parts {
  readonly queue: JobQueue;
  readonly cluster: Cluster;
  readonly threads: FileThreads;
  readonly planning: PlanningThreads;
  readonly runner: JobRunner;
  readonly server: ApiServer;
  readonly retention: Retention;
  readonly schedules: ScheduleRunner;
  readonly follows: FollowRunner;
  readonly events: JobEvents;
  readonly page: CoordinatorPage | undefined;
  readonly here: Executor;
}

/** @throws output-failed where the folder cannot be made or written */
function openStateFolder(directory: string): void {
  makeFolder(directory, 0o700);
  try {
    chmodSync(directory, 0o700);
    accessSync(directory, constants.W_OK);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    const detail = { what: `the state folder cannot be written (${reason})`, file: directory };
    throw new HalotileError('output-failed', { ...detail, remedy: 'name another with --state' }, { cause });
  }
}

/** A running coordinator: queue, cluster, runner and API, wired together. */
export class Coordinator {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async start(options: CoordinatorOptions): Promise<Coordinator> {
    const { stateDirectory, clock, newId, log, limits, machine, here } = options;
    // Uploads, results and the queue are nobody else's on this machine.
    openStateFolder(stateDirectory);
    const roots = new StorageRoots(options.roots);
    const queue: JobQueue =
      options.queue ??
      (await EmbeddedQueue.open({
        ...{ directory: stateDirectory, nowMs: clock.wallMs, newId, log },
        retentionMs: RETENTION_MS,
      }));
    const uploads = new Uploads(
      join(stateDirectory, 'uploads'),
      {
        maxFileBytes: options.maxUploadBytes,
        maxPrincipalBytes: options.maxUploadBytes,
        maxPrincipalFiles: options.maxUploads ?? MAX_UPLOADS,
        maxPrincipalOpen: MAX_OPEN_UPLOADS,
      },
      clock.wallMs,
    );
    const results = join(stateDirectory, 'results');
    const places = new Places(roots, uploads, results);
    const events = new JobEvents(clock.wallMs, queue.relay);
    const retention = new Retention({ queue, uploads, results, limits: options.keep, nowMs: clock.wallMs, log });
    const threads = new FileThreads();
    const cluster = new Cluster({
      limits,
      roots,
      threads,
      random: Math.random,
      verifyEvery: options.verifyEvery,
      nowMs: clock.monotonicMs,
      log,
      observer: options.observer,
    });
    const planning = new PlanningThreads(
      { roots: options.roots, uploads: uploads.directory, results },
      options.planning,
    );
    const nameOf = (path: string) => places.shown(path);
    const fail = failWith(log, nameOf);
    const scratch = join(stateDirectory, 'scratch');
    // A queue of its own has nobody beside it; others' scratch is theirs.
    if (options.queue === undefined) rmSync(scratch, { recursive: true, force: true });
    makeFolder(scratch, 0o700);
    removeLeftProbes(roots, clock.wallMs());
    const plan = (spec: JobSpec, owner: Owner) => planFor(spec, planning.plannerFor(owner), options, scratch);
    const store = new ScheduleStore(join(stateDirectory, 'schedules'), log);
    const readCron = await loadCron();
    const followStore = new FollowStore(join(stateDirectory, 'follow'));
    const { webhooks = 'any' } = options;
    const follows = new FollowRunner({
      ...{ store: followStore, queue, events, nowMs: clock.wallMs, log, tell: endedJob },
      check: (bytes, owner) => planning.submission(bytes, owner),
      send: (hook, message) => sendWebhook(hook, message, webhooks),
    });
    const means = { queue, events, follows, planning };
    const schedules = new ScheduleRunner({ ...means, store, readCron, nowMs: clock.wallMs, log });
    const scheduleMeans = { store, runner: schedules, nowMs: clock.wallMs, nameOf };
    const server = await ApiServer.start({
      listen: options.listen,
      tls: options.tls,
      access: rulesOf(options),
      maxCalls: options.maxCalls ?? MAX_CALLS,
      ...{ log, nowMs: clock.wallMs },
      jobs: {
        ...means,
        followStore,
        places,
        uploads,
        cluster,
        plan,
        fail,
        tracing: options.tracing,
        maxOpenJobs: options.maxOpenJobs,
        nowMs: clock.wallMs,
      },
      schedules: { ...scheduleMeans, planning, fail },
      workers: {
        cluster,
        roots,
        threads,
        fail,
        tracing: options.tracing,
        newId,
        version: halotileVersion(),
        name: options.listen,
      },
    });
    queue.watchHealth?.((healthy) => server.setReady(healthy));
    queue.watchGivenUp?.(({ id, state }) => events.ended(id, state));
    const { maxRunning, durable } = options;
    const nowSeconds = () => clock.monotonicMs() / 1000;
    const running = { machine, here, maxRunning, durable };
    const runner = new JobRunner({
      ...running,
      queue,
      cluster,
      events,
      places,
      planning,
      nowMs: clock.wallMs,
      nowSeconds,
      log,
      observer: options.observer,
      tracing: options.tracing,
    });
    const parts = { queue, cluster, threads, planning, runner, server, retention, schedules, follows, events, here };
    const tilesOf = (id: string) => runner.tilesOf(id);
    const shown = { ...means, cluster, places, schedules: scheduleMeans, tilesOf, scratchDirectory: scratch };
    try {
      const page = await startPage(options, shown);
      return new Coordinator({ ...parts, page });
    } catch (error) {
      await new Coordinator({ ...parts, page: undefined }).close(0);
      throw error;
    }
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#parts.server.port;
  }

  /** The port of the page; undefined where there is none. */
  get webPort(): number | undefined {
    return this.#parts.page?.port;
  }

  /** Attempts that ended without a commit, and leases held now: figures for tests and operators. */
  get figures(): {
    readonly wasted: number;
    readonly leases: number;
    readonly workers: number;
    readonly verified: number;
  } {
    const { wasted, leases, workers, verified } = this.#parts.cluster;
    return { wasted, leases, workers, verified };
  }

  /** What its workers do, and what waits for them. */
  get load(): SchedulerLoad {
    return this.#parts.cluster.load;
  }

  /** What it keeps of uploads and results. */
  get held(): HeldFiles {
    return this.#parts.retention.held;
  }

  /** How far each of the jobs is that it runs. */
  get running(): readonly LiveState[] {
    const { runner, events } = this.#parts;
    return [...runner.claimed].map((id) => events.state(id));
  }

  /** What waits in its queue, for this coordinator or another. */
  queueDepth(): Promise<QueueDepth> {
    return queueDepth(this.#parts.queue);
  }

  /** Replaces whom it lets in and its certificates; those who may not call any more lose the calls they have open. */
  renew(access: CoordinatorAccess): void {
    this.#parts.server.renew(rulesOf(access), access.tls);
    this.#parts.page?.renew(rulesOf(access), access.tls);
  }

  /** Gives running jobs back to the queue and ends; what is committed stays. */
  async close(graceMs = CLOSE_GRACE_MS): Promise<void> {
    const { queue, cluster, threads, planning, runner, server, retention, schedules, follows } = this.#parts;
    const { events, page, here } = this.#parts;
    server.drain();
    cluster.drain();
    await schedules.close();
    await follows.close();
    // Tiles are given up at once; an output that is put together, or a map that is read, takes its time.
    const late = setTimeout(() => here.close().catch(() => {}), graceMs);
    await runner.close();
    clearTimeout(late);
    cluster.close();
    // Who watches asks again elsewhere; a watch that stays open would hold up the end.
    events.close();
    await page?.close();
    await server.close(Math.min(graceMs, CLOSE_GRACE_MS));
    await threads.close();
    await planning.close();
    await retention.close();
    await queue.close();
  }
}

/** Nothing of the page is loaded where nobody asked for it. */
async function startPage(
  options: CoordinatorOptions,
  parts: Omit<CoordinatorPageOptions, 'listen' | 'tls' | 'access' | 'origins' | 'maxOpenJobs' | 'nowMs' | 'log'>,
): Promise<CoordinatorPage | undefined> {
  const { web: listen, webOrigins: origins = [], tls, maxOpenJobs, clock, log } = options;
  if (listen === undefined) return undefined;
  const { CoordinatorPage } = await import('./web/coordinator-page.js');
  const access = rulesOf(options);
  return CoordinatorPage.start({ ...parts, listen, tls, access, origins, maxOpenJobs, nowMs: clock.wallMs, log });
}

function rulesOf({ tls, tokens, certificates }: CoordinatorAccess): AccessRules {
  return { tokens, certificates, mutual: tls?.clientCa !== undefined };
}

/** What a job would do. Inputs that must be converted are converted below `scratchDirectory`, for this call. */
async function planFor(
  spec: JobSpec,
  planner: JobPlanner,
  { machine, here }: Pick<CoordinatorOptions, 'machine' | 'here'>,
  scratchDirectory: string,
): Promise<halotile.v1.IPlanJobResponse> {
  if (spec.measure !== undefined) refuseTablePlan(spec.output);
  const scratch = makeScratchFolder(scratchDirectory, 'plan');
  try {
    const prepare = prepareOptions(machine, scratch);
    const { plan } = await planner.plan(spec, {
      machine: { ...machine, splits: true },
      prepare,
      questions: questionsTo(here),
    });
    return {
      stages: plan.stages.map(({ kind, across, down, tileSide, levels }) => ({
        ...{ kind, across, down, tile: tileSide },
        levels: [...levels],
      })),
      tiles: tileCount(plan.stages),
      width: plan.output.width,
      height: plan.output.height,
      workerBytes: plan.memory.totalBytes,
      threads: plan.memory.threads,
      mapMaxBound: plan.mapMaxBound,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
