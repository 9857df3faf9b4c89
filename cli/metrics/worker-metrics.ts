import type { Registry } from 'prom-client';
import type { OnTaskEnd, Session, SessionSet, TaskPool } from '../../worker/index.js';
import { tally } from './tally.js';
import { TaskSeconds } from './task-seconds.js';

type Prom = typeof import('prom-client');

/** What is counted as it happens at a worker. */
export function workerCounters(prom: Prom, registry: Registry): OnTaskEnd {
  const ended = tally(prom, registry, {
    name: 'halotile_worker_attempts_total',
    help: 'Attempts of this worker by how they ended; a "crashed" one took its threads along, "dropped" ones were among them',
    ...{ label: 'outcome', values: ['done', 'failed', 'crashed', 'dropped'] },
  });
  const tasks = new TaskSeconds(prom, registry);
  return (end) => {
    ended(end.kind === 'failed' && end.crashed ? 'crashed' : end.kind);
    if (end.kind === 'done') tasks.add(end.result);
  };
}

/** What is looked up when somebody asks. */
export function workerGauges(
  { Gauge }: Prom,
  {
    registry,
    pool,
    sessions,
  }: { readonly registry: Registry; readonly pool: TaskPool; readonly sessions: SessionSet<Session> },
): void {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge('halotile_worker_slots', 'Attempts that this worker runs at once', () => pool.slots);
  gauge('halotile_worker_busy_slots', 'Attempts that run', () => pool.running);
  gauge('halotile_worker_waiting_attempts', 'Attempts that were granted ahead and wait here', () => pool.waiting);
  gauge('halotile_worker_coordinators', 'Coordinators that this worker was told of', () => sessions.all.length);
  gauge(
    'halotile_worker_connected_coordinators',
    'Coordinators that it works for now',
    () => sessions.all.filter(({ isConnected }) => isConnected).length,
  );
}
