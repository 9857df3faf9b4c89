import { randomUUID } from 'node:crypto';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import type { CronTimes } from '../schedule/cron-times.js';
import { nextRunMs } from '../schedule/due-runs.js';
import { type Schedule, scheduleSchema } from '../schedule/schedule.js';
import { requestOf, type ScheduleRunner } from '../schedule/schedule-runner.js';
import type { ScheduleStore } from '../schedule/schedule-store.js';
import { BadRequest } from '../service/caller-errors.js';
import type { PlanningThreads } from '../service/planning-threads.js';
import type { Caller } from './access.js';
import { type Fail, unary } from './handlers.js';
import { catchUpOf, overlapOf, scheduleMessage } from './schedule-message.js';
import { termsViolations } from './submit-terms.js';

/** What the Schedules service answers from. */
export interface SchedulesServiceOptions {
  readonly store: ScheduleStore;
  readonly runner: ScheduleRunner;
  readonly planning: Pick<PlanningThreads, 'submission'>;
  readonly fail: Fail;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Schedules that one principal may have. */
const MAX_SCHEDULES = 1_000;
const MAX_JITTER_SECONDS = 24 * 3600;
const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

/** The public API; see proto/halotile/v1/schedules.proto. */
export function schedulesService(options: SchedulesServiceOptions): UntypedServiceImplementation {
  const { store, runner, planning, fail, nowMs } = options;

  function visible(id: string, caller: Caller): Schedule {
    const others = caller.role === 'admin' ? store.all().find((schedule) => schedule.id === id) : undefined;
    const found = (isId(id) ? store.get(caller.principal, id) : undefined) ?? others;
    if (found !== undefined) return found;
    throw new HalotileError('not-found', { what: 'no such schedule', where: id });
  }

  const shown = (schedule: Schedule, withJob = true) => {
    const nextMs = nextRunMs(schedule, runner.timesOf(schedule), nowMs());
    return scheduleMessage(schedule, { state: store.state(schedule), nextMs, withJob });
  };

  /** Waits for nobody who changes the same schedule: the last one counts. */
  const change = (id: string, caller: Caller, changes: Partial<Schedule>) => {
    const schedule = { ...visible(id, caller), ...changes };
    store.put(schedule);
    return shown(schedule);
  };

  return {
    createSchedule: unary(fail, async (request: halotile.v1.CreateScheduleRequest, caller) => {
      const schedule = checked(request.schedule ?? {}, caller);
      const { timeZone } = schedule;
      await planning.submission(requestOf(schedule, { run: 1, dueMs: nowMs(), timeZone }), caller);
      const own = store.all().filter(({ principal }) => principal === caller.principal);
      if (own.length >= MAX_SCHEDULES && !own.some(({ id }) => id === schedule.id)) {
        throw new HalotileError('over-limit', {
          what: `${caller.principal} has ${own.length} schedules`,
          expected: `at most ${MAX_SCHEDULES}`,
          remedy: 'remove some',
        });
      }
      store.put(schedule);
      return { schedule: shown(schedule) };
    }),

    getSchedule: unary(fail, async ({ id }: halotile.v1.GetScheduleRequest, caller) => {
      return { schedule: shown(visible(id, caller)) };
    }),

    listSchedules: unary(fail, async ({ pageSize, pageToken }: halotile.v1.ListSchedulesRequest, caller) => {
      const key = ({ id, principal }: Schedule) => JSON.stringify([id, principal]);
      const all = store.all().filter(({ principal }) => caller.role === 'admin' || principal === caller.principal);
      const left = all.filter((schedule) => key(schedule) > pageToken).sort((a, b) => (key(a) < key(b) ? -1 : 1));
      const page = left.slice(0, Math.min(MAX_PAGE, pageSize || DEFAULT_PAGE));
      const nextPageToken = page.length < left.length ? key(page.at(-1)!) : '';
      return { schedules: page.map((schedule) => shown(schedule, false)), nextPageToken };
    }),

    pauseSchedule: unary(fail, async ({ id }: halotile.v1.PauseScheduleRequest, caller) => {
      return { schedule: change(id, caller, { paused: true }) };
    }),

    resumeSchedule: unary(fail, async ({ id }: halotile.v1.ResumeScheduleRequest, caller) => {
      const schedule = visible(id, caller);
      return { schedule: schedule.paused ? change(id, caller, { paused: false, sinceMs: nowMs() }) : shown(schedule) };
    }),

    deleteSchedule: unary(fail, async ({ id }: halotile.v1.DeleteScheduleRequest, caller) => {
      store.remove(visible(id, caller));
      return {};
    }),

    runScheduleNow: unary(fail, async ({ id }: halotile.v1.RunScheduleNowRequest, caller) => {
      return { jobId: await runner.runNow(visible(id, caller), randomUUID()) };
    }),
  };

  /** @throws BadRequest with everything that is wrong beside the job itself */
  function checked(asked: halotile.v1.ISchedule, { principal, roots, role }: Caller): Schedule {
    const { id = '', cron = '', spec, dataset, collection, priority = 0, maxAttempts, jitterSeconds = 0 } = asked;
    const timeZone = asked.timeZone || 'UTC';
    const overlap = overlapOf(asked.overlap ?? 0);
    const catchUp = catchUpOf(asked.catchUp ?? 0);
    const violations = termsViolations({ priority, maxAttempts: maxAttempts ?? undefined }, role);
    const wrong = (field: string, description: string) => violations.push({ field, description });
    if (!isId(id)) wrong('schedule.id', "1 to 64 letters, digits, '-' and '_'");
    if (overlap === undefined) wrong('schedule.overlap', 'not a way to treat overlapping runs');
    if (catchUp === undefined) wrong('schedule.catch_up', 'not a way to treat missed times');
    if (jitterSeconds > MAX_JITTER_SECONDS) wrong('schedule.jitter_seconds', `at most ${MAX_JITTER_SECONDS}`);
    const times = attempt(() => runner.timesOf({ cron, timeZone } as Schedule));
    if (typeof times === 'string') wrong('schedule.cron', times);
    if (violations.length > 0) throw new BadRequest(violations);
    const request = halotile.v1.SubmitJobRequest.encode({ spec, dataset, collection, priority, maxAttempts }).finish();
    return {
      ...{ id, principal, roots, cron, timeZone, overlap: overlap!, catchUp: catchUp!, jitterSeconds },
      ...{ request: Buffer.from(request).toString('base64'), paused: asked.paused === true, sinceMs: nowMs() },
    };
  }
}

function isId(id: string): boolean {
  return scheduleSchema.shape.id.safeParse(id).success;
}

/** The result, or what was wrong. */
function attempt(read: () => CronTimes): CronTimes | string {
  try {
    return read();
  } catch (error) {
    return (error as Error).message;
  }
}
