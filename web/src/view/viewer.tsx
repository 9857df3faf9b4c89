import { useEffect, useState } from 'preact/hooks';
import type { PageInfo, PictureName } from '../../../proto/page/messages';
import type { TileBoard } from '../live/tiles';
import { get } from '../server/api';
import { Legend } from './legend';
import { Pane } from './pane';
import type { Shown } from './shown';
import { COLOURINGS, type Colouring } from './tile-colours';

/** How often a picture that is not whole yet is asked for again. */
const AGAIN_MS = 2000;
const NAMES = { input: 'Input', map: 'Map', output: 'Result', file: 'File' } as const;

interface ViewerProps {
  readonly pictures: readonly PictureName[];
  /** Whether none of them will change. */
  readonly finished: boolean;
  /** The tiles of the output, where it is not finished or was not when it was looked at first. */
  readonly board?: TileBoard;
  readonly version?: number;
}

/** Pictures of one job or file: one over the other with a swipe line, or side by side. */
export function Viewer({ pictures, finished, board, version }: ViewerProps) {
  const { shown, fault } = useInfos(pictures, finished);
  const [layout, setLayout] = useState<'swipe' | 'side'>('swipe');
  const [left, setLeft] = useState<string>();
  const [right, setRight] = useState<string>();
  const [line, setLine] = useState(0.5);
  const [overlay, setOverlay] = useState(0);
  const [colouring, setColouring] = useState<Colouring>('state');
  const [value, setValue] = useState('');

  const byRole = (role: PictureName['role']) => shown.find((picture) => picture.role === role);
  const map = byRole('map');
  const views = shown.filter(({ role }) => role !== 'map' || layout === 'side');
  const pick = (id: string | undefined, fallback: Shown | undefined) =>
    views.find((each) => each.id === id) ?? fallback;
  const last = byRole('output') ?? views.at(-1);
  const first = pick(left, byRole('input') ?? views[0]);
  const second = pick(right, last);
  if (fault !== '')
    return (
      <p class="fault" role="alert">
        {fault}
      </p>
    );
  if (first === undefined || second === undefined) return <p class="empty">Opening the pictures…</p>;
  const hasPair = views.length > 1 && first.id !== second.id;
  const panes = layout === 'side' ? shown : undefined;

  return (
    <section class="viewer" aria-label="Pictures">
      <div class="bar">
        {shown.length > 1 && (
          <fieldset class="choice">
            <legend class="unseen">Arrangement</legend>
            {(['swipe', 'side'] as const).map((name) => (
              <label key={name}>
                <input type="radio" name="layout" checked={layout === name} onChange={() => setLayout(name)} />
                <span>{name === 'swipe' ? 'Swipe' : 'Side by side'}</span>
              </label>
            ))}
          </fieldset>
        )}
        {layout === 'swipe' && views.length > 2 && (
          <>
            <Picker label="Left" value={first.id} onPick={setLeft} pictures={views} />
            <Picker label="Right" value={second.id} onPick={setRight} pictures={views} />
          </>
        )}
        {board !== undefined && (
          <label>
            Tiles by{' '}
            <select value={colouring} onChange={(event) => setColouring(event.currentTarget.value as Colouring)}>
              {COLOURINGS.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        {map !== undefined && layout === 'swipe' && (
          <label class="slider">
            Map over it
            <input
              type="range"
              min={0}
              max={1}
              step={0.05}
              value={overlay}
              onInput={(event) => setOverlay(Number(event.currentTarget.value))}
            />
          </label>
        )}
      </div>
      {panes === undefined ? (
        <>
          <Pane
            below={first}
            above={second}
            line={hasPair ? line : 0}
            onLine={hasPair ? setLine : undefined}
            map={map}
            told={shown.filter((each) => each === first || each === map || each === second)}
            overlay={overlay}
            board={second.role === 'output' ? board : undefined}
            version={version}
            colouring={colouring}
            onValue={setValue}
          />
          {hasPair && (
            <label class="slider wide">
              <span class="unseen">Swipe line</span>
              <span aria-hidden="true">{NAMES[first.role]}</span>
              <input
                type="range"
                min={0}
                max={1}
                step={0.01}
                value={line}
                aria-label={`Swipe line between ${NAMES[first.role]} and ${NAMES[second.role]}`}
                onInput={(event) => setLine(Number(event.currentTarget.value))}
              />
              <span aria-hidden="true">{NAMES[second.role]}</span>
            </label>
          )}
        </>
      ) : (
        <div class="panes">
          {panes.map((picture) => (
            <figure key={picture.id}>
              <figcaption>{NAMES[picture.role]}</figcaption>
              <Pane
                below={picture}
                above={picture}
                line={0}
                group="side"
                told={shown}
                overlay={0}
                board={picture.role === 'output' ? board : undefined}
                version={version}
                colouring={colouring}
                onValue={setValue}
              />
            </figure>
          ))}
        </div>
      )}
      <div class="under">
        <output class="value">{value || 'Point at a pixel to see its values'}</output>
        {board !== undefined && <Legend board={board} colouring={colouring} />}
      </div>
    </section>
  );
}

function Picker(props: { label: string; value: string; onPick: (id: string) => void; pictures: readonly Shown[] }) {
  return (
    <label>
      {props.label}{' '}
      <select value={props.value} onChange={(event) => props.onPick(event.currentTarget.value)}>
        {props.pictures.map(({ id, role, label }) => (
          <option key={id} value={id}>
            {role === 'file' ? label : NAMES[role]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The pictures as they are, when all are known; asked for again when there are others, or one is finished. */
function useInfos(pictures: readonly PictureName[], finished: boolean) {
  const [infos, setInfos] = useState<ReadonlyMap<string, PageInfo | Error>>(new Map());
  const key = `${pictures.map(({ id }) => id).join(' ')} ${finished}`;
  useEffect(() => {
    const gone = new AbortController();
    for (const { id, role } of pictures) {
      const settle = (info: PageInfo | Error) => {
        if (!gone.signal.aborted) setInfos((known) => new Map(known).set(id, info));
      };
      const ask = () =>
        get<PageInfo>(`/api/pictures/${encodeURIComponent(id)}`, gone.signal).then((info) => {
          settle(info);
          // A large file without overviews is read through once.
          if (info.finishedShare < 1 && role !== 'output' && !gone.signal.aborted) setTimeout(ask, AGAIN_MS);
        }, settle);
      void ask();
    }
    return () => gone.abort();
  }, [key]);
  const known = pictures.map((name) => ({ ...name, info: infos.get(name.id) }));
  // One after the other would be another viewer each time.
  const isAsking = known.some(({ info }) => info === undefined);
  const shown = isAsking ? [] : known.filter((picture): picture is Shown => !(picture.info instanceof Error));
  const failed = known.find(({ info }) => info instanceof Error)?.info as Error | undefined;
  return { shown, fault: isAsking || shown.length > 0 ? '' : (failed?.message ?? '') };
}
