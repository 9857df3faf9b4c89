import { createHash } from 'node:crypto';
import type { CronTimes } from './cron-times.js';
import type { Schedule, ScheduleState } from './schedule.js';

/** What is to be done about a schedule now. */
export interface DueRuns {
  /** Times whose runs start now, oldest first. */
  readonly starts: readonly number[];
  /** Times whose runs are left out, and why. */
  readonly skips: readonly { readonly dueMs: number; readonly why: string }[];
  /** Whether runs that have not ended are cancelled first. */
  readonly replaces: boolean;
  /** Times that wait for an earlier run to end. */
  readonly waiting: readonly number[];
  /** Times up to here are dealt with then. */
  readonly handledMs: number;
}

/** A run that starts by so much after its time is not late. */
const ON_TIME_MS = 60_000;
/** Times that are dealt with at once; further ones the next time. */
const MAX_TIMES = 100;
/** Runs that wait for an earlier one. */
const MAX_WAITING = 100;

/**
 * What a schedule asks for at a moment: a function of what it is, how far it is, and whether an earlier run is open.
 * Every coordinator decides the same.
 */
export function dueRuns(
  schedule: Schedule,
  state: ScheduleState,
  { times, nowMs, isOpen }: { readonly times: CronTimes; readonly nowMs: number; readonly isOpen: boolean },
): DueRuns {
  const fromMs = Math.max(state.handledMs, schedule.sinceMs);
  const none = { starts: [], skips: [], replaces: false, waiting: state.waiting, handledMs: fromMs };
  if (schedule.paused) return none;
  const { due, handledMs, skipped } = timesDue(schedule, { times, fromMs, nowMs });
  const skips = skipped.map((dueMs) => ({ dueMs, why: 'no coordinator was there at its time' }));
  if (schedule.overlap === 'queue') {
    const wanted = [...state.waiting, ...due];
    const starts = isOpen ? [] : wanted.slice(0, 1);
    const waiting = wanted.slice(starts.length, starts.length + MAX_WAITING);
    const over = wanted.slice(starts.length + MAX_WAITING);
    const full = over.map((dueMs) => ({ dueMs, why: `${MAX_WAITING} earlier runs wait already` }));
    return { starts, skips: [...skips, ...full], replaces: false, waiting, handledMs };
  }
  if (due.length === 0) return { ...none, skips, handledMs };
  const overlaps = (dueMs: number) => ({ dueMs, why: 'an earlier run had not ended' });
  if (schedule.overlap === 'replace') {
    const older = due.slice(0, -1).map(overlaps);
    return { ...none, starts: due.slice(-1), skips: [...skips, ...older], replaces: isOpen, handledMs };
  }
  const starts = isOpen ? [] : due.slice(0, 1);
  return { ...none, starts, skips: [...skips, ...due.slice(starts.length).map(overlaps)], handledMs };
}

/** The next time of a schedule after a moment, without jitter; undefined while it is paused. */
export function nextRunMs({ paused, sinceMs }: Schedule, times: CronTimes, nowMs: number): number | undefined {
  return paused ? undefined : times.after(Math.max(nowMs, sinceMs));
}

interface Window {
  readonly times: CronTimes;
  readonly fromMs: number;
  readonly nowMs: number;
}

/** The times since the last look that have come, those of them that run, and those that were missed. */
function timesDue(schedule: Schedule, { times, fromMs, nowMs }: Window) {
  const due: number[] = [];
  let handledMs = fromMs;
  for (let next = times.after(fromMs); next !== undefined && hasCome(schedule, next, nowMs); next = times.after(next)) {
    if (due.length === MAX_TIMES) {
      if (schedule.catchUp === 'all') return { due, skipped: [], handledMs };
      // Far more than anybody reads of: the last ones are enough.
      const last = times.upTo(nowMs);
      if (last === undefined || last <= next) break;
      next = last;
    }
    due.push(next);
    handledMs = next;
  }
  if (schedule.catchUp === 'all') return { due, skipped: [], handledMs };
  const isLate = (dueMs: number) => nowMs - dueMs - jitterMs(schedule, dueMs) > ON_TIME_MS;
  const late = due.filter(isLate);
  const onTime = due.filter((dueMs) => !isLate(dueMs));
  if (schedule.catchUp === 'none') return { due: onTime, skipped: late, handledMs };
  // The last time that was missed stands for all of them, unless one that is not late does.
  if (onTime.length > 0) return { due: onTime, skipped: late, handledMs };
  return { due: late.slice(-1), skipped: late.slice(0, -1), handledMs };
}

function hasCome(schedule: Schedule, dueMs: number, nowMs: number): boolean {
  return dueMs + jitterMs(schedule, dueMs) <= nowMs;
}

/** The same for every coordinator, and another for every run. */
function jitterMs({ id, principal, jitterSeconds }: Schedule, dueMs: number): number {
  if (jitterSeconds === 0) return 0;
  const hash = createHash('sha256')
    .update(JSON.stringify([principal, id, dueMs]))
    .digest();
  return Math.floor((hash.readUInt32LE() / 2 ** 32) * jitterSeconds * 1000);
}
