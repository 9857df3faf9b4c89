import { z } from 'zod';
import { errorRecordSchema } from '../../tiling/errors.js';

/** What becomes of a run whose time comes while an earlier one has not ended. */
export const OVERLAPS = ['skip', 'queue', 'replace'] as const;
/** What becomes of times at which no coordinator was there. */
export const CATCH_UPS = ['none', 'latest', 'all'] as const;

const whole = z.number().int().min(0);

/** A schedule as it is kept; what is read from the disk counts as this has it. */
export const scheduleSchema = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  principal: z.string(),
  roots: z.record(z.string(), z.enum(['read', 'write'])).optional(),
  cron: z.string(),
  /** IANA name. */
  timeZone: z.string(),
  /** A SubmitJob as bytes in base64, its texts with placeholders. */
  request: z.string(),
  overlap: z.enum(OVERLAPS),
  catchUp: z.enum(CATCH_UPS),
  jitterSeconds: whole,
  paused: z.boolean(),
  /** Milliseconds since 1970: when it was created or resumed. Earlier times are no business of it. */
  sinceMs: whole,
});

/** A schedule. */
export type Schedule = z.output<typeof scheduleSchema>;

const runSchema = z.object({
  run: whole,
  dueMs: whole,
  jobId: z.string().optional(),
  /** Why it was left out. */
  note: z.string().optional(),
  /** Why its job could not be submitted. */
  failure: errorRecordSchema.optional(),
  /** Of whoever asked for it beside the regular times. */
  requestId: z.string().optional(),
});

/** One run of a schedule: its job, or why there is none; neither while it is decided and not yet submitted. */
export type ScheduleRun = z.output<typeof runSchema>;

/** How far a schedule is. */
export const scheduleStateSchema = z.object({
  /** Times up to here are dealt with. */
  handledMs: whole,
  /** Runs so far. */
  count: whole,
  /** Times whose runs wait for an earlier one to end, oldest first. */
  waiting: z.array(whole),
  /** Newest first. */
  runs: z.array(runSchema),
});

/** How far a schedule is. */
export type ScheduleState = z.output<typeof scheduleStateSchema>;

/** Runs that are remembered. */
const KEPT_RUNS = 20;

/** Of a schedule that has not run yet. */
export const NEW_STATE: ScheduleState = { handledMs: 0, count: 0, waiting: [], runs: [] };

/** With one more run, which is the newest. */
export function withRun(state: ScheduleState, run: ScheduleRun): ScheduleState {
  return { ...state, count: Math.max(state.count, run.run), runs: [run, ...state.runs].slice(0, KEPT_RUNS) };
}

/** What became of a run that was decided. */
export function withOutcome(state: ScheduleState, outcome: ScheduleRun): ScheduleState {
  return { ...state, runs: state.runs.map((run) => (run.run === outcome.run ? outcome : run)) };
}

/** Whether a run was decided, by this coordinator or another, and nobody has said yet what became of it. */
export function isBegun({ jobId, note, failure }: ScheduleRun): boolean {
  return jobId === undefined && note === undefined && failure === undefined;
}
