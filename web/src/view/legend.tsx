import type { TileBoard } from '../live/tiles';
import { type Colouring, css, LEGEND, workerColour } from './tile-colours';

const MAX_WORKERS = 16;

/** What the colours over the image mean. */
export function Legend({ board, colouring }: { board: TileBoard; colouring: Colouring }) {
  if (colouring === 'none') return null;
  const entries =
    colouring === 'state'
      ? LEGEND.map(({ text, colour }) => ({ text, colour }))
      : board.workers.slice(0, MAX_WORKERS).map((text, index) => ({ text, colour: workerColour(index) }));
  return (
    <ul class="legend">
      {entries.map(({ text, colour }) => (
        <li key={text}>
          <Swatch colour={css(colour)} />
          {text}
        </li>
      ))}
    </ul>
  );
}

function Swatch({ colour }: { colour: string }) {
  return (
    <svg width="14" height="14" aria-hidden="true">
      <rect width="14" height="14" rx="3" fill={colour} />
    </svg>
  );
}
