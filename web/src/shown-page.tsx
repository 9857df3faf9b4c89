import { lazy, Suspense } from 'preact/compat';
import { useState } from 'preact/hooks';
import type { ShownThing } from '../../proto/page/messages';
import { useTiles } from './live/tiles';

const Viewer = lazy(() => import('./view/viewer').then(({ Viewer }) => ({ default: Viewer })));

/** What `halotile view` was called with. */
export function ShownPage({ shown }: { shown: ShownThing }) {
  const [ended, setEnded] = useState(false);
  const [picked, setPicked] = useState(shown.pictures[0]?.id);
  const live = shown.unfinished === true && !ended;
  const { board, version } = useTiles(shown.unfinished ? '/api/shown/tiles' : undefined, () => setEnded(true));
  const files = shown.pictures.filter(({ role }) => role === 'file');
  const pictures = files.length > 1 ? files.filter(({ id }) => id === picked) : shown.pictures;
  return (
    <>
      <h1>{shown.title}</h1>
      {live && (
        <p class="faint" role="status">
          {board === undefined
            ? 'Waits for its first tiles'
            : `${(100 * board.finishedShare).toFixed(1)} % of the tiles are committed`}
        </p>
      )}
      {shown.report && <iframe class="report" title="Report" src="/api/shown/report" />}
      {files.length > 1 && (
        <label class="bar">
          Picture{' '}
          <select value={picked} onChange={(event) => setPicked(event.currentTarget.value)}>
            {files.map(({ id, label }) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
      <Suspense fallback={<p class="empty">Loading…</p>}>
        {pictures.length > 0 && (
          <Viewer key={picked} pictures={pictures} finished={!live} {...(live && board && { board, version })} />
        )}
      </Suspense>
      <Links ids={pictures.map(({ id }) => id)} />
    </>
  );
}

/** Addresses for other viewers. */
function Links({ ids }: { ids: readonly string[] }) {
  return (
    <details>
      <summary>For other viewers</summary>
      <dl class="facts">
        {ids.map((id) => (
          <div key={id}>
            <dt>{id}</dt>
            <dd>
              IIIF: <code>{`${location.origin}/iiif/${encodeURIComponent(id)}/info.json`}</code>
              <br />
              XYZ: <code>{`${location.origin}/xyz/${encodeURIComponent(id)}/{z}/{x}/{y}.png`}</code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
