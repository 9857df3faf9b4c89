import { readTimestamp } from '../../proto/convert/timestamp.js';
import type { halotile } from '../../proto/gen/messages.js';
import { formatSeconds } from '../format.js';
import { type Column, tableHeader, tableLine, timeText } from './table.js';

const COLUMNS: readonly Column[] = [
  ['WORKER', 24],
  ['BUSY', 7, 'right'],
  ['TILES/S', 8, 'right'],
  ['TILES', 9, 'right'],
  ['JOINED', 20],
  ['ROOTS', 0],
];

/** The line above workers. */
export const WORKER_HEADER = tableHeader(COLUMNS);

/** A worker for people: a line, and one below it for each task that it holds. */
export function workerLines(worker: halotile.v1.IConnectedWorker, nowMs: number): string[] {
  const { name, slots, tilesPerSecond, tilesDone, joined, roots, draining, tasks } = worker;
  const running = (tasks ?? []).filter(({ started }) => started);
  const line = tableLine(COLUMNS, [
    ...[name ?? '', `${running.length}/${slots ?? 0}`, (tilesPerSecond ?? 0).toFixed(1), `${tilesDone ?? 0}`],
    ...[timeText(joined) ?? '', `${(roots ?? []).join(', ') || 'none'}${draining ? '  drains' : ''}`],
  ]);
  return [line, ...(tasks ?? []).map((task) => `  ${taskText(task, nowMs)}`)];
}

/** A worker as one JSON object. */
export function workerJson({ joined, tasks, ...worker }: halotile.v1.IConnectedWorker): string {
  return JSON.stringify({
    ...worker,
    joined: timeText(joined),
    tasks: tasks?.map(({ started, ...task }) => ({ ...task, started: timeText(started) })),
  });
}

function taskText({ jobId, kind, stage, tile, started }: halotile.v1.IWorkerTask, nowMs: number): string {
  const startedMs = readTimestamp(started);
  const since = startedMs === undefined ? 'waits' : `for ${formatSeconds(Math.max(0, nowMs - startedMs) / 1000)}`;
  return jobId ? `${kind} ${tile} of stage ${stage} of ${jobId}  ${since}` : `${kind} of another's job  ${since}`;
}
