import type { PageWorker } from '../../proto/page/messages';
import { bytes, duration, moment, short } from './text/format';

/** Connected workers: what each has, does and has done. */
export function WorkersPage({ workers }: { workers: readonly PageWorker[] }) {
  const slots = workers.reduce((sum, worker) => sum + worker.slots, 0);
  const busy = workers.reduce((sum, worker) => sum + running(worker), 0);
  const pace = workers.reduce((sum, worker) => sum + worker.tilesPerMinute, 0);
  return (
    <>
      <h1>Workers</h1>
      {workers.length === 0 ? (
        <p class="empty">No workers are connected: halotile worker --coordinator HOST:PORT</p>
      ) : (
        <p class="lead">
          {workers.length} connected, {busy} of {slots} slots busy, {short(pace)} tiles a minute
        </p>
      )}
      <ul class="workers">
        {workers.map((worker) => (
          <WorkerCard key={worker.instance} worker={worker} />
        ))}
      </ul>
    </>
  );
}

function WorkerCard({ worker }: { worker: PageWorker }) {
  const { name, principal, slots, backends, labels, roots, memoryBytes, residentBytes, draining, tasks } = worker;
  const waiting = tasks.length - running(worker);
  return (
    <li class="card">
      <div class="head">
        <h2>{name}</h2>
        {draining && <span class="state cancelled">going</span>}
      </div>
      <div class="slots" role="img" aria-label={`${running(worker)} of ${slots} slots busy`}>
        {Array.from({ length: Math.min(slots, 64) }, (_, slot) => (
          <i key={slot} class={slot < running(worker) ? 'busy' : ''} />
        ))}
      </div>
      <dl class="facts">
        <dt>Slots</dt>
        <dd>
          {running(worker)} of {slots} busy{waiting > 0 && `, ${waiting} tasks fetched ahead`}
        </dd>
        <dt>Done</dt>
        <dd>
          {worker.tilesDone.toLocaleString()} tiles, {short(worker.tilesPerMinute)} a minute
        </dd>
        <dt>Memory</dt>
        <dd>
          {residentBytes === undefined ? '–' : bytes(residentBytes)}
          {memoryBytes !== undefined && ` (tiles may hold ${bytes(memoryBytes)})`}
        </dd>
        <dt>Computes with</dt>
        <dd>{[...backends, ...Object.entries(labels).map(([key, value]) => `${key}: ${value}`)].join(', ')}</dd>
        <dt>Shares</dt>
        <dd>{roots.length === 0 ? 'no storage: images travel' : roots.map((root) => `root:${root}`).join(', ')}</dd>
        <dt>Since</dt>
        <dd>
          {moment(worker.joinedMs)}
          {principal !== '' && `, of ${principal}`}
        </dd>
      </dl>
      {tasks.some((task) => task.runningMs !== undefined) && (
        <ul class="tasks">
          {tasks
            .filter((task) => task.runningMs !== undefined)
            .slice(0, 16)
            .map((task) => (
              <li key={`${task.job} ${task.stage} ${task.tile}`}>
                {task.job === '' ? (
                  `${task.kind || 'a task'} of another job`
                ) : (
                  <a href={`#/jobs/${task.job}`}>
                    {task.kind} {task.tile}
                  </a>
                )}{' '}
                <span class="faint">since {duration(task.runningMs! / 1000)}</span>
              </li>
            ))}
        </ul>
      )}
    </li>
  );
}

function running({ tasks }: PageWorker): number {
  return tasks.filter((task) => task.runningMs !== undefined).length;
}
