import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { PacePoint } from '../../../proto/page/messages';
import { short } from '../text/format';

const HEIGHT = 170;

/** Pixels, or tiles where no pixels are told of, a second over time. */
export function PaceChart({ pace }: { pace: readonly PacePoint[] }) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const byPixels = pace.some(({ pixelsPerSecond }) => pixelsPerSecond > 0);
  const unit = byPixels ? 'pixels a second' : 'tiles a second';
  const data: uPlot.AlignedData = [
    pace.map(({ timeMs }) => timeMs / 1000),
    pace.map((point) => (byPixels ? point.pixelsPerSecond : point.tilesPerSecond)),
  ];
  useEffect(() => {
    const element = host.current!;
    const style = getComputedStyle(element);
    const [ink, line, accent] = ['--faint', '--line', '--accent'].map((name) => style.getPropertyValue(name));
    const axis = { stroke: ink!, grid: { stroke: line!, width: 1 }, ticks: { stroke: line!, width: 1 } };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => short(tick)) }],
        series: [{}, { stroke: accent!, width: 2, fill: `${accent}22`, points: { show: false } }],
      },
      data,
      element,
    );
    plot.current = made;
    const fit = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    fit.observe(element);
    return () => {
      fit.disconnect();
      made.destroy();
    };
  }, [byPixels]);
  useEffect(() => plot.current?.setData(data), [pace]);
  const last = data[1]!.at(-1) ?? 0;
  return (
    <figure class="chart">
      <figcaption>
        {unit[0]!.toUpperCase() + unit.slice(1)}, last {short(last as number)}
      </figcaption>
      <div ref={host} role="img" aria-label={`${unit} over time, last ${short(last as number)}`} />
    </figure>
  );
}
