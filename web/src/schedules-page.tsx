import { useEffect, useState } from 'preact/hooks';
import type { PageJob, PageSchedule, PageScheduleRun } from '../../proto/page/messages';
import { StateBadge } from './jobs-page';
import type { Live } from './live/live';
import { get, post } from './server/api';
import { baseName, moment } from './text/format';

const ASK_MS = 3000;
const SHOWN_RUNS = 5;
const OVERLAP: Readonly<Record<string, string>> = {
  skip: 'A run is left out while an earlier one goes on',
  queue: 'A run waits for the earlier one',
  replace: 'A run takes the place of the earlier one',
};
const CATCH_UP: Readonly<Record<string, string>> = {
  none: 'missed times are left out',
  latest: 'of missed times the last one is made up for',
  all: 'missed times are made up for',
};

/** Schedules with their last and next runs. */
export function SchedulesPage({ live, role }: { live: Live; role: string }) {
  const [schedules, setSchedules] = useState<readonly PageSchedule[]>();
  const [fault, setFault] = useState('');
  const ask = () =>
    get<{ schedules: readonly PageSchedule[] }>('/api/schedules').then(
      (answer) => {
        setSchedules(answer.schedules);
        setFault('');
      },
      (error: Error) => setFault(error.message),
    );
  useEffect(() => {
    void ask();
    const timer = setInterval(() => void ask(), ASK_MS);
    return () => clearInterval(timer);
  }, []);
  const change = async ({ id, principal }: PageSchedule, what: 'pause' | 'resume' | 'run') => {
    try {
      await post(`/api/schedules/${id}/${what}?principal=${encodeURIComponent(principal)}`);
      await ask();
    } catch (error) {
      setFault((error as Error).message);
    }
  };
  return (
    <>
      <h1>Schedules</h1>
      {fault !== '' && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {schedules?.length === 0 && (
        <p class="empty">No schedules yet: halotile schedule add NAME JOB.yaml --cron '0 2 * * *'</p>
      )}
      <ul class="jobs">
        {schedules?.map((schedule) => (
          <ScheduleCard
            key={`${schedule.principal} ${schedule.id}`}
            schedule={schedule}
            jobs={live.jobs}
            isAdmin={role === 'admin'}
            onChange={(what) => void change(schedule, what)}
          />
        ))}
      </ul>
    </>
  );
}

interface CardProps {
  readonly schedule: PageSchedule;
  readonly jobs: ReadonlyMap<string, PageJob>;
  readonly isAdmin: boolean;
  readonly onChange: (what: 'pause' | 'resume' | 'run') => void;
}

function ScheduleCard({ schedule, jobs, isAdmin, onChange }: CardProps) {
  const { id, cron, timeZone, paused, nextMs, runs, output, chain, overlap, catchUp, principal } = schedule;
  return (
    <li class="card job">
      <div class="head">
        <h2>{id}</h2>
        {paused ? <span class="state cancelled">paused</span> : <span class="state running">active</span>}
        <span class="space" />
        <button
          type="button"
          aria-label={`${paused ? 'Resume' : 'Pause'} ${id}`}
          onClick={() => onChange(paused ? 'resume' : 'pause')}
        >
          {paused ? 'Resume' : 'Pause'}
        </button>
        <button type="button" class="main" aria-label={`Run now: ${id}`} onClick={() => onChange('run')}>
          Run now
        </button>
      </div>
      <div class="chain">
        <code>{cron}</code> {timeZone} · {chain} → {baseName(output)}
      </div>
      <p>
        {nextMs === undefined
          ? paused
            ? 'No next run while it is paused'
            : 'No further run'
          : `Next run ${moment(nextMs)}`}
      </p>
      {runs.length === 0 ? (
        <p class="faint">It has not run yet.</p>
      ) : (
        <ul class="runs" aria-label={`Last runs of ${id}`}>
          {runs.slice(0, SHOWN_RUNS).map((run) => (
            <RunLine key={run.run} run={run} job={run.job === undefined ? undefined : jobs.get(run.job)} />
          ))}
        </ul>
      )}
      <div class="faint">
        {[
          OVERLAP[overlap] ?? overlap,
          CATCH_UP[catchUp] ?? catchUp,
          isAdmin && principal !== 'anybody' && `of ${principal}`,
        ]
          .filter(Boolean)
          .join(' · ')}
      </div>
    </li>
  );
}

function RunLine({ run: { run, dueMs, job: id, note }, job }: { run: PageScheduleRun; job: PageJob | undefined }) {
  return (
    <li>
      {id === undefined ? `Run ${run}` : <a href={`#/jobs/${id}`}>Run {run}</a>}{' '}
      <span class="faint">
        {moment(dueMs)}
        {note !== undefined && ` · ${note}`}
      </span>{' '}
      {job !== undefined && <StateBadge state={job.state} />}
    </li>
  );
}
