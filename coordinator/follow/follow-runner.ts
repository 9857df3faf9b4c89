import { halotile } from '../../proto/gen/messages.js';
import { ERROR_TABLE } from '../../tiling/error-table.js';
import { HalotileError, toErrorRecord } from '../../tiling/errors.js';
import type { AnyJobSpec } from '../../tiling/job/collection-spec.js';
import { attemptTerms } from '../queue/attempt-terms.js';
import type { JobQueue, JobSubmission, QueuedJob } from '../queue/job-queue.js';
import { isOpen } from '../queue/transitions.js';
import { type Delivery, deliveryId, type Follow, type FollowNode, readyNodes, tried, withOutputs } from './follow.js';
import type { FollowStore } from './follow-store.js';
import type { WebhookMessage, WebhookOutcome } from './send-webhook.js';

/** What follows jobs is done with. */
export interface FollowRunnerOptions {
  readonly store: FollowStore;
  readonly queue: JobQueue;
  /** Where changes of jobs are said and heard. */
  readonly events: {
    queueChanged(id: string, note: string): void;
    onChange(onlooker: (id: string) => void): () => void;
  };
  /** Checks a SubmitJob. @throws HalotileError */
  readonly check: (bytes: Uint8Array, owner: Pick<JobSubmission, 'principal' | 'roots'>) => Promise<Checked>;
  /** One try of a webhook. */
  readonly send: (hook: Follow['webhooks'][number], message: WebhookMessage) => Promise<WebhookOutcome>;
  /** What webhooks are told of a job. */
  readonly tell: (job: QueuedJob) => object;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
}

/** A SubmitJob as it was checked. */
interface Checked extends Pick<halotile.v1.ISubmitJobRequest, 'priority' | 'maxAttempts' | 'backoffSeconds'> {
  readonly spec: AnyJobSpec;
}

const TICK_MS = 500;
/** How often everything is looked at that may still come: another coordinator may have died before it did it. */
const SWEEP_MS = 10_000;
/** How often what nothing follows any more is held against the queue. */
const CLEAN_MS = 3600_000;

/**
 * Submits jobs when those before them have succeeded, and tells webhooks how jobs ended. Whatever it does may be done
 * again by another coordinator: jobs are submitted under request ids that follow from the first job's end, and a delivery
 * keeps its id.
 */
export class FollowRunner {
  readonly #options: FollowRunnerOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #unwatch: () => void;
  readonly #changed = new Set<string>();
  /** The first job of those that were submitted for it. */
  readonly #rootOf = new Map<string, string>();
  #ticking: Promise<void> | undefined;
  #sweptMs = Number.NEGATIVE_INFINITY;
  #cleanedMs: number;

  constructor(options: FollowRunnerOptions) {
    this.#options = options;
    this.#cleanedMs = options.nowMs();
    this.#unwatch = options.events.onChange((id) => void this.#changed.add(this.#rootOf.get(id) ?? id));
    this.#timer = setInterval(() => {
      this.#ticking ??= this.tick().finally(() => {
        this.#ticking = undefined;
      });
    }, TICK_MS);
    this.#timer.unref();
  }

  /** Notes what follows a job; what was noted of it before stays. */
  async register(follow: Omit<Follow, 'deliveries'>): Promise<void> {
    if (follow.nodes.length + follow.webhooks.length === 0) return;
    await this.#options.store.register({ ...follow, deliveries: [] });
    this.#changed.add(follow.jobId);
  }

  /** One look at the jobs that have changed, now and then at all. */
  async tick(): Promise<void> {
    const { store, nowMs, log } = this.#options;
    const ids = new Set(this.#changed);
    this.#changed.clear();
    try {
      if (Math.abs(nowMs() - this.#sweptMs) >= SWEEP_MS) {
        for (const id of await store.ids()) ids.add(id);
        this.#sweptMs = nowMs();
      }
      if (Math.abs(nowMs() - this.#cleanedMs) >= CLEAN_MS) await this.#clean();
    } catch (error) {
      log(`what follows jobs cannot be listed: ${(error as Error).message}`);
    }
    for (const id of ids) {
      try {
        if ((await store.read(id)) !== undefined) await store.inTurn(id, () => this.#look(id));
      } catch (error) {
        log(`what follows job ${id}: ${(error as Error).message}; it is tried again`);
      }
    }
  }

  async close(): Promise<void> {
    this.#unwatch();
    clearInterval(this.#timer);
    await this.#ticking;
  }

  async #look(id: string): Promise<void> {
    const { store, queue, nowMs } = this.#options;
    const [read, job] = [await store.read(id), await queue.get(id)];
    if (read === undefined || job === undefined || isOpen(job.state)) return;
    let follow = read;
    const endedMs = job.finishedMs ?? 0;
    const told = new Set(follow.deliveries.filter((each) => each.endedMs === endedMs).map(({ hook }) => hook));
    const fresh = follow.webhooks.flatMap((_, hook): Delivery[] =>
      told.has(hook) ? [] : [{ hook, endedMs, tries: 0, state: 'waiting', nextMs: 0, note: '' }],
    );
    if (fresh.length > 0) follow = { ...follow, deliveries: [...follow.deliveries, ...fresh] };
    follow = await this.#submitReady(follow, job);
    if (follow !== read) await store.write(follow);
    const due = follow.deliveries.filter(({ state, nextMs }) => state === 'waiting' && nextMs <= nowMs());
    if (due.length === 0) return;
    const after = new Map(
      await Promise.all(due.map(async (each) => [each, await this.#deliver(follow, each, job)] as const)),
    );
    await store.write({ ...follow, deliveries: follow.deliveries.map((each) => after.get(each) ?? each) });
  }

  async #submitReady(follow: Follow, root: QueuedJob): Promise<Follow> {
    if (root.state !== 'succeeded') return follow;
    const outputs = new Map([['', root.spec.output]]);
    for (const { name, jobId } of follow.nodes) {
      const job = jobId === undefined ? undefined : await this.#options.queue.get(jobId);
      if (jobId !== undefined) this.#rootOf.set(jobId, root.id);
      if (job?.state === 'succeeded') outputs.set(name, job.spec.output);
    }
    const ready = new Set(readyNodes(follow, (name) => outputs.has(name)));
    if (ready.size === 0) return follow;
    const nodes: FollowNode[] = [];
    for (const node of follow.nodes) {
      nodes.push(ready.has(node) ? await this.#submit(node, { follow, root, outputs }) : node);
    }
    return { ...follow, nodes };
  }

  async #submit(
    node: FollowNode,
    { follow, root, outputs }: { follow: Follow; root: QueuedJob; outputs: ReadonlyMap<string, string> },
  ): Promise<FollowNode> {
    const { check, queue, events, log } = this.#options;
    const { principal, roots, webhooks } = follow;
    const { SubmitJobRequest } = halotile.v1;
    const template = SubmitJobRequest.decode(Buffer.from(node.request, 'base64'));
    const requestId = `after ${root.id} ${root.finishedMs} ${node.name}`;
    try {
      const bytes = SubmitJobRequest.encode(withOutputs(template, outputs)).finish();
      const { spec, priority, ...terms } = await check(bytes, { principal, roots });
      const submission = { requestId, principal, roots, spec, priority: priority ?? 0, ...attemptTerms(terms) };
      const { job, existed } = await queue.submit(submission);
      this.#rootOf.set(job.id, root.id);
      await this.register({ jobId: job.id, principal, roots, nodes: [], webhooks });
      if (!existed) events.queueChanged(job.id, 'queued');
      log(`job ${root.id} of ${principal} is followed by job ${job.id} (${node.name})`);
      return { ...node, jobId: job.id };
    } catch (error) {
      if (!(error instanceof HalotileError) || ERROR_TABLE[error.tag].retryable) throw error;
      log(`job ${root.id} of ${principal} cannot be followed by ${node.name}: ${error.message}`);
      return { ...node, failure: toErrorRecord(error, 'bad-usage') };
    }
  }

  async #deliver(follow: Follow, delivery: Delivery, job: QueuedJob): Promise<Delivery> {
    const { send, tell, nowMs, log } = this.#options;
    const id = deliveryId(follow, delivery);
    const event = `job.${job.state}`;
    const body = JSON.stringify({ delivery: id, event, job: tell(job) });
    const hook = follow.webhooks[delivery.hook]!;
    const { outcome, note } = await send(hook, { id, event, body, timestamp: Math.floor(nowMs() / 1000) });
    if (outcome !== 'delivered') log(`a webhook of job ${job.id} was not delivered: ${note}`);
    return tried(delivery, { outcome, note, nowMs: nowMs() });
  }

  /** Forgets what followed jobs that are forgotten themselves. */
  async #clean(): Promise<void> {
    const { store, queue, nowMs } = this.#options;
    this.#cleanedMs = nowMs();
    for (const id of await store.ids({ all: true })) {
      if ((await queue.get(id)) === undefined) await store.remove(id);
    }
  }
}
