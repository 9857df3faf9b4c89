import { useState } from 'preact/hooks';
import type { PageJob } from '../../proto/page/messages';
import type { Live } from './live/live';
import { baseName, duration, moment, percent } from './text/format';

const FILTERS = {
  all: () => true,
  open: ({ finishedMs }: PageJob) => finishedMs === undefined,
  succeeded: ({ state }: PageJob) => state === 'succeeded',
  failed: ({ state }: PageJob) => state === 'failed' || state === 'quarantined',
  cancelled: ({ state }: PageJob) => state === 'cancelled',
} as const;
type Filter = keyof typeof FILTERS;

/** All jobs that the reader may see, newest first. */
export function JobsPage({ live }: { live: Live }) {
  const [filter, setFilter] = useState<Filter>('all');
  const [text, setText] = useState('');
  const all = [...live.jobs.values()].sort((a, b) => b.submittedMs - a.submittedMs || (a.id < b.id ? 1 : -1));
  const shown = all.filter(
    (job) => FILTERS[filter](job) && `${job.output} ${job.chain} ${job.principal} ${job.id}`.includes(text),
  );
  return (
    <>
      <h1>Jobs</h1>
      <div class="bar">
        <fieldset class="choice">
          <legend class="unseen">State</legend>
          {(Object.keys(FILTERS) as Filter[]).map((name) => (
            <label key={name}>
              <input type="radio" name="filter" checked={filter === name} onChange={() => setFilter(name)} />
              <span>
                {name} <small>{all.filter(FILTERS[name]).length}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <label class="search">
          <span class="unseen">Search</span>
          <input
            type="search"
            placeholder="output, operation, principal"
            value={text}
            onInput={(event) => setText((event.target as HTMLInputElement).value)}
          />
        </label>
      </div>
      {shown.length === 0 ? (
        <p class="empty">
          {all.length === 0 ? 'No jobs yet: halotile submit JOB.yaml --coordinator HOST:PORT' : 'No such jobs.'}
        </p>
      ) : (
        <ul class="jobs">
          {shown.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </ul>
      )}
      {live.next !== undefined && (
        <button type="button" onClick={() => void live.more()}>
          Older jobs
        </button>
      )}
    </>
  );
}

function JobRow({ job }: { job: PageJob }) {
  const { id, output, chain, note, principal, submittedMs, startedMs, finishedMs, etaSeconds } = job;
  const took =
    startedMs !== undefined && finishedMs !== undefined ? `took ${duration((finishedMs - startedMs) / 1000)}` : '';
  return (
    <li class="card job">
      <div class="head">
        <a href={`#/jobs/${id}`}>
          <strong>{baseName(output)}</strong>
        </a>
        <StateBadge state={job.state} />
      </div>
      <div class="chain">{chain}</div>
      {finishedMs === undefined && <JobProgressBar job={job} />}
      <div class="faint">
        {[
          finishedMs === undefined ? note : job.state === 'succeeded' ? took : note || took,
          etaSeconds !== undefined && `about ${duration(etaSeconds)} left`,
          `submitted ${moment(submittedMs)}`,
          principal !== 'anybody' && `by ${principal}`,
        ]
          .filter(Boolean)
          .join(' · ')}
      </div>
    </li>
  );
}

const STATE_TEXT: Readonly<Partial<Record<PageJob['state'], string>>> = {
  'waiting-for-workers': 'waits for workers',
};

/** The state in words, in its colour. */
export function StateBadge({ state }: { state: PageJob['state'] }) {
  return <span class={`state ${state}`}>{STATE_TEXT[state] ?? state}</span>;
}

/** How far a job is, by tiles, images or characters. */
export function JobProgressBar({ job }: { job: PageJob }) {
  const { progress } = job;
  if (progress === undefined) return null;
  const many = progress.imagesTotal > 0;
  const [done, total, what] = many
    ? [progress.imagesDone, progress.imagesTotal, 'images']
    : [progress.tilesDone, progress.tilesTotal, 'tiles'];
  const share = total === 0 ? 0 : done / total;
  return (
    <div class="progress">
      <progress max={1} value={share} aria-label={`${baseName(job.output)}: ${what} done`} />
      <span>
        {percent(share)} · {done.toLocaleString()} of {total.toLocaleString()} {what}
        {progress.charactersTotal > 0 && ` · ${progress.charactersDone} of ${progress.charactersTotal} characters`}
        {progress.tilesRunning > 0 && ` · ${progress.tilesRunning} running`}
      </span>
    </div>
  );
}
