import { useEffect, useState } from 'preact/hooks';
import type { PagePalette } from '../../proto/page/messages';
import { get } from './server/api';
import { percent } from './text/format';

const WIDTH = 1000;
const HEIGHT = 36;

/** The palettes of a finished dataset, each colour as wide as it is frequent. */
export function Palettes({ id }: { id: string }) {
  const [palettes, setPalettes] = useState<readonly PagePalette[]>([]);
  const [fault, setFault] = useState('');
  useEffect(() => {
    get<{ palettes: readonly PagePalette[] }>(`/api/jobs/${id}/palettes`).then(
      (answer) => setPalettes(answer.palettes),
      (error: Error) => setFault(error.message),
    );
  }, [id]);
  if (fault !== '')
    return (
      <p class="fault" role="alert">
        {fault}
      </p>
    );
  if (palettes.length === 0) return null;
  return (
    <section>
      <h2>Palettes</h2>
      <ul class="palettes">
        {palettes.map((palette) => (
          <li key={palette.character} class="card">
            <div class="head">
              <h3>{palette.character || 'all frames'}</h3>
              <span class="faint">
                {palette.frames} frames, {palette.colors.length + palette.more} colours
              </span>
            </div>
            <Swatches palette={palette} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Swatches({ palette: { character, colors, more } }: { palette: PagePalette }) {
  const total = colors.reduce((sum, { count }) => sum + count, 0) || 1;
  let left = 0;
  const bars = colors.map(({ rgb, count }) => {
    const width = (WIDTH * count) / total;
    left += width;
    return { text: hex(rgb), share: count / total, x: left - width, width };
  });
  return (
    <>
      <svg
        class="swatches"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Colours of ${character}: ${bars.map(({ text }) => text).join(', ')}`}
      >
        {bars.map(({ text, share, x, width }) => (
          <rect key={text} x={x} y={0} width={width} height={HEIGHT} fill={text}>
            <title>{`${text}, ${percent(share)}`}</title>
          </rect>
        ))}
      </svg>
      <p class="faint colours">
        {bars.map(({ text }) => text).join(' ')}
        {more > 0 && ` and ${more} more`}
      </p>
    </>
  );
}

function hex(rgb: readonly number[]): string {
  return `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`;
}
