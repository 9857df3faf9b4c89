import type { SchedulerCommand, SchedulerEvent, SchedulerLimits } from '../../coordinator/scheduler/events.js';
import { Scheduler } from '../../coordinator/scheduler/scheduler.js';

/** Short limits, in milliseconds of a clock that the test moves. */
export const LIMITS: SchedulerLimits = {
  leaseMs: 1000,
  attemptLimitMs: 10_000,
  startLimitMs: 2_000,
  maxKills: 3,
  maxFailures: 3,
  lateFactor: 2,
  minLateMs: 100,
  maxFaults: 3,
  banMs: 60_000,
};

/** A tile given to a worker. */
export type Grant = Extract<SchedulerCommand, { type: 'grant' }>;

/** A scheduler with a clock that the test moves, and everything it said. */
export class SchedulerBench {
  readonly scheduler = new Scheduler(LIMITS);
  nowMs = 0;
  readonly said: SchedulerCommand[] = [];
  readonly #joined = new Map<number, { readonly instance: string; readonly owner: string }>();

  send(event: SchedulerEvent): readonly SchedulerCommand[] {
    const commands = this.scheduler.step(event, this.nowMs);
    this.said.push(...commands);
    return commands;
  }

  grants(event: SchedulerEvent): Grant[] {
    return this.send(event).filter((command) => command.type === 'grant');
  }

  open(job: string, stageTiles: number[], options: { priority?: number; needs?: string[]; taskBytes?: number } = {}) {
    this.send({ type: 'job-opened', job, priority: 0, needs: [], taskBytes: 1, ...options, stageTiles });
    stageTiles.forEach((count, stage) => {
      this.send({ type: 'tiles-added', job, stage, tiles: Array.from({ length: count }, (_, i) => i) });
    });
  }

  join(
    worker: number,
    leases: number,
    options: { instance?: string; owner?: string; slots?: number; memoryBytes?: number } = {},
  ): Grant[] {
    const { instance = `i${worker}`, owner = instance, slots = leases, memoryBytes = 1e9 } = options;
    this.#joined.set(worker, { instance, owner });
    this.send({ type: 'worker-joined', worker, instance, owner, slots, memoryBytes, labels: [] });
    return this.grants({ type: 'worker-capacity', worker, leases });
  }

  #who(worker: number) {
    return this.#joined.get(worker) ?? { instance: `i${worker}`, owner: `i${worker}` };
  }

  start({ worker, lease }: Grant): Grant {
    this.send({ type: 'task-started', worker, lease });
    return { type: 'grant', worker, lease } as Grant;
  }

  result(grant: Grant, pixelCrc = 7, doubted = false): readonly SchedulerCommand[] {
    const { job, stage, tile, lease } = grant;
    return this.send({ type: 'result', job, stage, tile, pixelCrc, lease, doubted, ...this.#who(grant.worker) });
  }
}

/** The grants among commands. */
export function granted(commands: readonly SchedulerCommand[]): Grant[] {
  return commands.filter((command) => command.type === 'grant');
}
