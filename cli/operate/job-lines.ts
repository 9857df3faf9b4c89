import { isEnded } from '../../library/cluster/jobs-client.js';
import { stateName } from '../../library/cluster/submitted-run.js';
import { readTimestamp } from '../../proto/convert/timestamp.js';
import type { halotile } from '../../proto/gen/messages.js';
import { formatSeconds } from '../format.js';
import { type Column, tableHeader, tableLine, timeText } from './table.js';

const COLUMNS: readonly Column[] = [
  ['JOB', 36],
  ['STATE', 19],
  ['PROGRESS', 16],
  ['SUBMITTED', 20],
  ['AGE', 10, 'right'],
  ['TOOK', 10, 'right'],
  ['TRY', 3, 'right'],
  ['PRINCIPAL', 12],
  ['OUTPUT', 0],
];

/** The line above jobs. */
export const JOB_HEADER = tableHeader(COLUMNS);

/** A job as a line for people. */
export function jobLine(job: halotile.v1.IJob, nowMs: number): string {
  const { id, state, progress, submitted, attempt, principal, failure } = job;
  const submittedMs = readTimestamp(submitted);
  const seconds = tookSeconds(job, nowMs);
  return tableLine(COLUMNS, [
    ...[id ?? '', stateName(state), progressText(progress) || resultText(job.result), timeText(submitted) ?? ''],
    submittedMs === undefined ? '' : formatSeconds(Math.max(0, nowMs - submittedMs) / 1000),
    seconds === undefined ? '' : formatSeconds(seconds),
    ...[`${attempt ?? 0}`, principal ?? ''],
    `${outputOf(job) ?? ''}${failure ? `  ${failure.what}` : ''}`,
  ]);
}

/** A job as one JSON object. */
export function jobJson(job: halotile.v1.IJob, nowMs: number): string {
  const { id, state, priority, attempt, progress, principal, submitted, started, finished, failure } = job;
  return JSON.stringify({
    ...{ id, state: stateName(state), priority, attempt, principal },
    ...{ submitted: timeText(submitted), started: timeText(started), finished: timeText(finished) },
    ...{ tookSeconds: tookSeconds(job, nowMs), progress, image: job.spec?.image, output: outputOf(job), failure },
  });
}

/** An event of a job as a line for people. */
export function eventLine({ state, progress, note, failure }: halotile.v1.WatchJobResponse): string {
  return [stateName(state), progressText(progress), note, failure?.what ?? ''].filter((part) => part !== '').join('  ');
}

/** An event of a job as one JSON object. */
export function eventJson(id: string, event: halotile.v1.WatchJobResponse): string {
  const { sequence, state, progress, note, failure, result } = event;
  return JSON.stringify({ id, sequence, state: stateName(state), progress, note, failure, result });
}

function outputOf({ spec, dataset, collection }: halotile.v1.IJob): string | null | undefined {
  return (spec ?? dataset ?? collection)?.output;
}

/** From the first claim to the end, or to now. */
function tookSeconds({ state, started, finished }: halotile.v1.IJob, nowMs: number): number | undefined {
  const startedMs = readTimestamp(started);
  if (startedMs === undefined) return undefined;
  const endMs = isEnded(state ?? undefined) ? (readTimestamp(finished) ?? nowMs) : nowMs;
  return Math.max(0, endMs - startedMs) / 1000;
}

/** What of its progress a job that has succeeded still tells. */
function resultText(result: halotile.v1.IJobResult | null | undefined): string {
  if (!result) return '';
  const images = result.counts?.imagesTotal;
  return images ? `${images} images` : `${result.tiles} tiles`;
}

function progressText(progress: halotile.v1.IProgress | null | undefined): string {
  if (!progress) return '';
  const { imagesCounted, imagesDone, imagesTotal, charactersDone, charactersTotal, tilesDone, tilesTotal } = progress;
  if (!imagesTotal) return `${tilesDone}/${tilesTotal} tiles`;
  const images = `${imagesDone}/${imagesTotal} images`;
  if (!charactersTotal) return images;
  const read = imagesDone === imagesTotal ? '' : `${imagesCounted} read, `;
  return `${read}${images}, ${charactersDone}/${charactersTotal} characters`;
}
