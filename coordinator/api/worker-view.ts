import type { PageWorker } from '../../proto/page/messages.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ConnectedWorker } from '../cluster/worker-figures.js';
import { ANYBODY, type Caller } from './access.js';

/** The queued jobs whose tasks workers hold. */
export function jobsAtWorkers(cluster: Cluster, workers: readonly ConnectedWorker[]): Set<string> {
  const keys = new Set<string>();
  for (const { leases } of workers) for (const { job } of leases) keys.add(job);
  return new Set([...keys].map((key) => cluster.queuedJobOf(key)));
}

/**
 * Connected workers. Whose jobs the others run is nobody's to know but an admin's: `isOwn` says which jobs are shown by
 * name.
 */
export function workerViews(
  cluster: Cluster,
  workers: readonly ConnectedWorker[],
  {
    caller,
    isOwn,
    wallMs,
  }: { readonly caller: Caller; readonly isOwn: (job: string) => boolean; readonly wallMs: number },
): PageWorker[] {
  const nowMs = cluster.nowMs;
  return workers.map((worker) => {
    const { link, hello, joinedAtMs, residentBytes, tilesDone, tilesPerMinute, draining, leases } = worker;
    const { owner, instance } = link.sender;
    const principal = instance.slice(0, instance.indexOf('/'));
    return {
      name: link.name,
      instance: instance.slice(principal.length + 1),
      principal: principal === ANYBODY.principal ? '' : caller.role === 'admin' ? owner : '',
      slots: hello.slots ?? 1,
      backends: hello.backends ?? [],
      labels: hello.labels ?? {},
      roots: [...link.roots],
      ...(hello.memoryBytes && { memoryBytes: hello.memoryBytes }),
      ...(residentBytes !== undefined && { residentBytes }),
      ...{ draining, tilesDone, tilesPerMinute },
      joinedMs: wallMs - (nowMs - joinedAtMs),
      tasks: leases.map(({ job: key, stage, tile, startedAtMs }) => {
        const job = cluster.queuedJobOf(key);
        const shown = isOwn(job);
        return {
          job: shown ? job : '',
          kind: cluster.kindOf(key, { stage, index: tile }),
          ...{ stage, tile: shown ? tile : 0 },
          ...(startedAtMs !== undefined && { runningMs: Math.round(Math.max(0, nowMs - startedAtMs)) }),
        };
      }),
    };
  });
}
