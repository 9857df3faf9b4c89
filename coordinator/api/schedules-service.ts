import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import type { CronTimes } from '../schedule/cron-times.js';
import type { Schedule } from '../schedule/schedule.js';
import { requestOf } from '../schedule/schedule-runner.js';
import { BadRequest } from '../service/caller-errors.js';
import type { PlanningThreads } from '../service/planning-threads.js';
import type { Caller } from './access.js';
import { CallerSchedules, isId, orderOf, type ScheduleMeans } from './caller-schedules.js';
import { type Fail, unary } from './handlers.js';
import { catchUpOf, overlapOf, scheduleMessage } from './schedule-message.js';
import { termsViolations } from './submit-terms.js';

/** What the Schedules service answers from. */
export interface SchedulesServiceOptions extends ScheduleMeans {
  readonly planning: Pick<PlanningThreads, 'submission'>;
  readonly fail: Fail;
}

/** Schedules that one principal may have. */
const MAX_SCHEDULES = 1_000;
const MAX_JITTER_SECONDS = 24 * 3600;
const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

/** The public API; see proto/halotile/v1/schedules.proto. */
export function schedulesService(options: SchedulesServiceOptions): UntypedServiceImplementation {
  const { store, runner, planning, fail, nowMs } = options;

  const schedules = new CallerSchedules(options);
  const shown = (schedule: Schedule, withJob = true) => scheduleMessage(schedules.now(schedule), withJob);

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
      return { schedule: shown(schedules.get(id, caller)) };
    }),

    listSchedules: unary(fail, async ({ pageSize, pageToken }: halotile.v1.ListSchedulesRequest, caller) => {
      const left = schedules.list(caller).filter((schedule) => orderOf(schedule) > pageToken);
      const page = left.slice(0, Math.min(MAX_PAGE, pageSize || DEFAULT_PAGE));
      const nextPageToken = page.length < left.length ? orderOf(page.at(-1)!) : '';
      return { schedules: page.map((schedule) => shown(schedule, false)), nextPageToken };
    }),

    pauseSchedule: unary(fail, async ({ id }: halotile.v1.PauseScheduleRequest, caller) => {
      return { schedule: scheduleMessage(schedules.pause(schedules.get(id, caller)), true) };
    }),

    resumeSchedule: unary(fail, async ({ id }: halotile.v1.ResumeScheduleRequest, caller) => {
      return { schedule: scheduleMessage(schedules.resume(schedules.get(id, caller)), true) };
    }),

    deleteSchedule: unary(fail, async ({ id }: halotile.v1.DeleteScheduleRequest, caller) => {
      store.remove(schedules.get(id, caller));
      return {};
    }),

    runScheduleNow: unary(fail, async ({ id }: halotile.v1.RunScheduleNowRequest, caller) => {
      return { jobId: await schedules.runNow(schedules.get(id, caller)) };
    }),
  };

  /** @throws BadRequest with everything that is wrong beside the job itself */
  function checked(asked: halotile.v1.ISchedule, { principal, roots, role }: Caller): Schedule {
    const { id = '', cron = '', priority = 0, maxAttempts, backoffSeconds, jitterSeconds = 0 } = asked;
    const { spec, dataset, collection, followUps, webhooks } = asked;
    const timeZone = asked.timeZone || 'UTC';
    const overlap = overlapOf(asked.overlap ?? 0);
    const catchUp = catchUpOf(asked.catchUp ?? 0);
    const violations = termsViolations({ priority, maxAttempts, backoffSeconds }, role);
    const wrong = (field: string, description: string) => violations.push({ field, description });
    if (!isId(id)) wrong('schedule.id', "1 to 64 letters, digits, '-' and '_'");
    if (overlap === undefined) wrong('schedule.overlap', 'not a way to treat overlapping runs');
    if (catchUp === undefined) wrong('schedule.catch_up', 'not a way to treat missed times');
    if (jitterSeconds > MAX_JITTER_SECONDS) wrong('schedule.jitter_seconds', `at most ${MAX_JITTER_SECONDS}`);
    const times = attempt(() => runner.timesOf({ cron, timeZone } as Schedule));
    if (typeof times === 'string') wrong('schedule.cron', times);
    if (violations.length > 0) throw new BadRequest(violations);
    const terms = { priority, maxAttempts, backoffSeconds, followUps, webhooks };
    const request = halotile.v1.SubmitJobRequest.encode({ spec, dataset, collection, ...terms }).finish();
    return {
      ...{ id, principal, roots, cron, timeZone, overlap: overlap!, catchUp: catchUp!, jitterSeconds },
      ...{ request: Buffer.from(request).toString('base64'), paused: asked.paused === true, sinceMs: nowMs() },
    };
  }
}

/** The result, or what was wrong. */
function attempt(read: () => CronTimes): CronTimes | string {
  try {
    return read();
  } catch (error) {
    return (error as Error).message;
  }
}
