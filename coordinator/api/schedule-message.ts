import { writeTimestamp } from '../../proto/convert/timestamp.js';
import { halotile } from '../../proto/gen/messages.js';
import type { Schedule } from '../schedule/schedule.js';
import type { ScheduleNow, ShownRun } from './caller-schedules.js';

const { Overlap, CatchUp } = halotile.v1;

const OVERLAP = { skip: Overlap.OVERLAP_SKIP, queue: Overlap.OVERLAP_QUEUE, replace: Overlap.OVERLAP_REPLACE } as const;
const CATCH_UP = {
  none: CatchUp.CATCH_UP_NONE,
  latest: CatchUp.CATCH_UP_LATEST,
  all: CatchUp.CATCH_UP_ALL,
} as const;

/** What a client asks for with overlapping runs; undefined where it is none of what there is. */
export function overlapOf(value: halotile.v1.Overlap): Schedule['overlap'] | undefined {
  return value === Overlap.OVERLAP_UNSPECIFIED ? 'skip' : nameOf(OVERLAP, value);
}

/** What a client asks for with missed times; undefined where it is none of what there is. */
export function catchUpOf(value: halotile.v1.CatchUp): Schedule['catchUp'] | undefined {
  return value === CatchUp.CATCH_UP_UNSPECIFIED ? 'latest' : nameOf(CATCH_UP, value);
}

/** A schedule as clients see it; `withJob` adds what its runs do, which may be large. */
export function scheduleMessage({ schedule, runs, nextMs }: ScheduleNow, withJob: boolean): halotile.v1.ISchedule {
  const { id, cron, timeZone, overlap, catchUp, jitterSeconds, paused, principal } = schedule;
  const request = halotile.v1.SubmitJobRequest.decode(Buffer.from(schedule.request, 'base64'));
  const { spec, dataset, collection, priority, maxAttempts, backoffSeconds, followUps } = request;
  const webhooks = request.webhooks.map(({ url }) => ({ url }));
  return {
    ...{ id, cron, timeZone, jitterSeconds, paused, principal, priority, maxAttempts, backoffSeconds },
    ...(withJob && { spec, dataset, collection, followUps, webhooks }),
    overlap: OVERLAP[overlap],
    catchUp: CATCH_UP[catchUp],
    nextRun: writeTimestamp(nextMs),
    lastRuns: runs.map(runMessage),
  };
}

function runMessage({ run, dueMs, jobId, note }: ShownRun): halotile.v1.IScheduleRun {
  return { run, due: writeTimestamp(dueMs), jobId: jobId ?? '', note: note ?? '' };
}

function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, value: number): Name | undefined {
  return (Object.keys(table) as Name[]).find((name) => table[name] === value);
}
