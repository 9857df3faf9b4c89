import type { Context, Hono } from 'hono';
import { halotile } from '../../proto/gen/messages.js';
import type { PageSchedule } from '../../proto/page/messages.js';
import type { Audit } from '../api/audit.js';
import { CallerSchedules, type ScheduleMeans, type ScheduleNow } from '../api/caller-schedules.js';
import { type PageEnv, type PageGate, peerOf } from './page-gate.js';

/** What the routes of schedules answer from. */
export interface ScheduleRoutesOptions {
  readonly gate: PageGate;
  readonly audit: Audit;
  readonly schedules: ScheduleMeans;
}

/** A page shows no more: a list of ten thousand helps nobody. */
const MAX_SHOWN = 1000;

/** Schedules: a list with last and next runs, and what may be done to them. */
export function addScheduleRoutes(app: Hono<PageEnv>, { gate, audit, schedules: means }: ScheduleRoutesOptions): void {
  const schedules = new CallerSchedules(means);
  const find = (c: Context<PageEnv>) =>
    schedules.get(c.req.param('id')!, c.get('caller'), c.req.query('principal')?.slice(0, 200));
  const note = (c: Context<PageEnv>, what: string) =>
    audit.did(`page: ${what} schedule`, { caller: c.get('caller'), peer: peerOf(c), subject: c.req.param('id')! });

  app.use('/api/schedules/*', gate.caller);
  app.use('/api/schedules', gate.caller);

  app.get('/api/schedules', (c) => {
    const shown = schedules.list(c.get('caller')).slice(0, MAX_SHOWN);
    c.header('cache-control', 'no-store');
    return c.json({ schedules: shown.map((schedule) => scheduleView(schedules.now(schedule))) });
  });

  for (const change of ['pause', 'resume'] as const) {
    app.post(`/api/schedules/:id/${change}`, (c) => {
      const after = schedules[change](find(c));
      note(c, change);
      return c.json(scheduleView(after));
    });
  }

  app.post('/api/schedules/:id/run', async (c) => {
    const schedule = find(c);
    await schedules.runNow(schedule);
    note(c, 'run');
    return c.json(scheduleView(schedules.now(schedule)));
  });
}

function scheduleView({ schedule, runs, nextMs }: ScheduleNow): PageSchedule {
  const { id, principal, cron, timeZone, paused, overlap, catchUp } = schedule;
  return {
    ...{ id, principal, cron, timeZone, paused, overlap, catchUp, ...jobOf(schedule.request) },
    ...(nextMs !== undefined && { nextMs }),
    runs: runs.map(({ run, dueMs, jobId, note }) => ({
      ...{ run, dueMs },
      ...(jobId !== undefined && { job: jobId }),
      ...(note !== undefined && { note }),
    })),
  };
}

/** What its runs make, of a SubmitJob in base64 whose texts still have their placeholders. */
function jobOf(request: string): { output: string; chain: string } {
  const { spec, dataset, collection } = halotile.v1.SubmitJobRequest.decode(Buffer.from(request, 'base64'));
  const of = spec ?? dataset ?? collection;
  const steps = (of?.operations ?? []).map(({ name }) => name ?? '');
  if (dataset) steps.push('palette');
  return { output: of?.output ?? '', chain: steps.join(' → ') };
}
