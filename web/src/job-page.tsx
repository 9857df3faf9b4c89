import { lazy, Suspense } from 'preact/compat';
import { useEffect, useState } from 'preact/hooks';
import type { PageJobDetail } from '../../proto/page/messages';
import { Files } from './job-files';
import { JobProgressBar, StateBadge } from './jobs-page';
import type { Live } from './live/live';
import { useTiles } from './live/tiles';
import { Palettes } from './palettes';
import { get, post } from './server/api';
import { baseName, bytes, duration, moment, percent, short } from './text/format';

// What zooms and draws is as large as all else together: only who looks at a job loads it.
const Viewer = lazy(() => import('./view/viewer').then(({ Viewer }) => ({ default: Viewer })));
const PaceChart = lazy(() => import('./view/pace-chart').then(({ PaceChart }) => ({ default: PaceChart })));

const PACE_MS = 1000;

/** One job: how far it is, its image as it is being made, its figures. */
export function JobPage({ id, live, role }: { id: string; live: Live; role: string }) {
  const [detail, setDetail] = useState<PageJobDetail>();
  const [fault, setFault] = useState('');
  const told = live.jobs.get(id);
  const job = told === undefined ? detail : { ...detail, ...told };
  const isOpen = job !== undefined && job.finishedMs === undefined && job.state !== 'quarantined';
  const ask = () => get<PageJobDetail>(`/api/jobs/${id}`).then(setDetail, (error: Error) => setFault(error.message));
  useEffect(() => void ask(), [id, told?.state]);
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(() => void ask(), PACE_MS);
    return () => clearInterval(timer);
  }, [isOpen, id]);
  const { board, version } = useTiles(
    isOpen && job?.form === 'image' ? `/api/jobs/${id}/tiles` : undefined,
    () => void ask(),
  );

  if (fault !== '' && detail === undefined)
    return (
      <p class="fault" role="alert">
        {fault}
      </p>
    );
  if (job === undefined || detail === undefined) return <p class="empty">Loading…</p>;
  const act = async (what: 'cancel' | 'retry' | 'release') => {
    try {
      setFault('');
      const after = (await (await post(`/api/jobs/${id}/${what}`)).json()) as PageJobDetail;
      if (what === 'retry') location.hash = `#/jobs/${after.id}`;
      else setDetail(after);
    } catch (error) {
      setFault((error as Error).message);
    }
  };
  const { pictures, pace, result, failure } = detail;
  return (
    <>
      <p class="crumbs">
        <a href="#/">Jobs</a> / <span class="faint">{id}</span>
      </p>
      <div class="head">
        <h1>{baseName(job.output)}</h1>
        <StateBadge state={job.state} />
        <span class="space" />
        {isOpen && (
          <button type="button" class="danger" disabled={job.cancelRequested} onClick={() => void act('cancel')}>
            {job.cancelRequested ? 'Being cancelled' : 'Cancel'}
          </button>
        )}
        {(job.state === 'failed' || job.state === 'cancelled') && (
          <button type="button" class="main" onClick={() => void act('retry')}>
            Retry
          </button>
        )}
        {job.state === 'quarantined' && role === 'admin' && (
          <button type="button" class="main" onClick={() => void act('release')}>
            Release
          </button>
        )}
      </div>
      <p class="chain">{job.chain}</p>
      {fault !== '' && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {failure && <p class="fault">{failure.message}</p>}
      {isOpen && <JobProgressBar job={job} />}
      <p class="faint" role="status">
        {isOpen &&
          [job.note, job.etaSeconds !== undefined && `about ${duration(job.etaSeconds)} left`]
            .filter(Boolean)
            .join(' · ')}
      </p>
      <Suspense fallback={<p class="empty">Loading…</p>}>
        {pictures.length > 0 && (
          <Viewer
            pictures={pictures}
            finished={job.state === 'succeeded'}
            {...(isOpen && board !== undefined && { board, version })}
          />
        )}
      </Suspense>
      {job.form === 'dataset' && job.state === 'succeeded' && <Palettes id={id} />}
      {job.form !== 'image' && job.state === 'succeeded' && <Files id={id} report={result?.report === true} />}
      <Suspense fallback={null}>
        <div class="columns">
          {pace.length > 1 && <PaceChart pace={pace} />}
          {result && <Profile result={result} />}
        </div>
      </Suspense>
      <Facts job={{ ...detail, ...job }} />
    </>
  );
}

function Profile({ result }: { result: NonNullable<PageJobDetail['result']> }) {
  const entries = Object.entries(result.seconds).filter(([, seconds]) => seconds > 0);
  const most = Math.max(...entries.map(([, seconds]) => seconds), 1e-9);
  return (
    <section class="profile">
      <h2>Where the time went</h2>
      <table>
        <tbody>
          {entries.map(([name, seconds]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="gauge">
                <meter max={most} value={seconds} aria-label={`${name}: ${duration(seconds)}`} />
              </td>
              <td class="number">{duration(seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="faint">
        {duration(result.wallSeconds)} from claim to the finished file; read to write are sums over threads.
      </p>
    </section>
  );
}

function Facts({ job }: { job: PageJobDetail }) {
  const { result, progress, submittedMs, startedMs, finishedMs, attempt, priority, principal, spec } = job;
  const facts: [string, string][] = [
    ['Output', job.output],
    ['Submitted', `${moment(submittedMs)}${principal === 'anybody' ? '' : ` by ${principal}`}`],
  ];
  if (startedMs !== undefined) facts.push(['Started', moment(startedMs)]);
  if (finishedMs !== undefined) facts.push(['Ended', moment(finishedMs)]);
  if (attempt > 1) facts.push(['Attempts', String(attempt)]);
  if (priority !== 0) facts.push(['Priority', String(priority)]);
  if (result?.haloSavedShare !== undefined)
    facts.push(['Halo saved', `${percent(result.haloSavedShare)} of the input pixels`]);
  for (const [name, value] of Object.entries(result?.bytes ?? {})) facts.push([`Bytes ${name}`, bytes(value)]);
  if (progress !== undefined && result === undefined) {
    facts.push(['Read', bytes(progress.bytesRead)], ['Written', bytes(progress.bytesWritten)]);
  }
  for (const [name, value] of Object.entries(result?.figures ?? {})) {
    facts.push([name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`), short(value)]);
  }
  return (
    <>
      <h2>Facts</h2>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>As submitted</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
        <pre tabIndex={0}>{JSON.stringify(spec, undefined, 2)}</pre>
      </details>
    </>
  );
}
