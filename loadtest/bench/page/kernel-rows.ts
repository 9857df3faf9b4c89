import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { filterPixels } from '../../../library/filter-pixels.js';
import type { DType } from '../../../tiling/raster/dtype.js';
import type { Pixels } from '../../../tiling/sources/memory-source.js';
import { benchScaleSpace } from '../gaussian-timing.js';
import { renderedSection } from '../palettes/rendered-section.js';
import { bestOf, filterTable, measureFilters } from '../peers/filter-table.js';
import { cellOf } from './cluster-rows.js';
import type { Measured, PageOptions, PageRow } from './page-row.js';

const FULL_FRAME = { width: 3840, height: 2160 };
/** From half a pixel to wide windows, at which a Gaussian by map takes most of its ways. */
const SIGMAS = [
  [0.6, 0.9],
  [1, 1.5],
  [2, 3],
  [4, 6],
  [8, 12],
  [21, 32],
] as const;

/** Row 7: palettes of many frames against their decoding alone. */
export async function paletteRows({ scratch, rounds, frames }: PageOptions): Promise<Measured> {
  const section = await renderedSection({ work: scratch, python: '', rounds: Math.min(2, rounds) }, frames);
  const rows = section.lines.map(([name]) => ({
    ...{ row: '7', target: { atMost: 0.7 }, unit: '×' },
    what: `palettes of ${frames} frames of 640×900 (${name}) / sharp decodes them`,
    figure: cellOf(section, name!, 'palettes / it'),
    processor: cellOf(section, name!, 'palettes / it, processor'),
  }));
  return { rows, tables: [section] };
}

/** Row 9: the dearest of some ranges of sigma, on one thread. */
export function gaussianRows({ side }: PageOptions): Measured {
  const tile = Math.min(512, side >> 2);
  const targets: readonly (readonly [DType, number])[] = [
    ['uint8', 3],
    ['uint16', 4],
    ['float32', 4],
  ];
  const ratios = targets.map(([dtype]) => SIGMAS.map(([low, high]) => benchScaleSpace(low, high, tile, dtype).ratio));
  const rows = targets.map(([dtype, atMost], index) => ({
    ...{ row: '9', what: `Gaussian by map, σ 0.6 to 32, ${dtype} / box by map`, target: { atMost }, unit: '×' },
    figure: Math.max(...ratios[index]!),
  }));
  const table = {
    title: `Gaussian by map / box by map, RGB, a pixel of a tile of ${tile}`,
    columns: ['σ', ...targets.map(([dtype]) => dtype)],
    lines: SIGMAS.map(([low, high], at) => [
      `${low} to ${high}`,
      ...ratios.map((ofDtype) => `${ofDtype[at]!.toFixed(2)} ×`),
    ]),
  };
  return { rows, tables: [table] };
}

/** Rows g and 16: point curves, a Gaussian and chains against OpenCV, each on one thread by processor time. */
export async function openCvRows({ scratch, python, rounds, side }: PageOptions): Promise<Measured> {
  // A trial has no use for whole frames.
  const { width, height } = side < 4000 ? { width: 640, height: 360 } : FULL_FRAME;
  const repeats = 5 * rounds;
  const script = fileURLToPath(new URL('../../../../loadtest/bench/operations.py', import.meta.url));
  const run = spawnSync(python, [script, String(repeats), scratch], { encoding: 'utf8' });
  const peers = run.status === 0 ? (JSON.parse(run.stdout) as { seconds: Record<string, number> }).seconds : undefined;
  const frame: Pixels = {
    ...{ width, height },
    samples: new Uint8Array(width * height).map((_, i) => 64 + ((i * 2654435761) >>> 25)),
  };
  const even = (value: number): Pixels => ({ width, height, samples: new Uint8Array(width * height).fill(value) });
  const images = { flat: even(200), dark: even(10) };
  const gaussian = 'gaussian:ksize=31,sigma=5';
  const chain = ['flat-field:flat=flat,dark=dark', gaussian, 'threshold:value=128'];
  const full = (FULL_FRAME.width * FULL_FRAME.height) / (width * height);
  const rows: PageRow[] = [];
  for (const [row, name, operations] of [
    ['g', 'gamma', ['gamma:gamma=0.5']],
    ['g', 'gaussian', [gaussian]],
    ['g', 'chain', chain],
    ['16', 'labels', [...chain, 'label']],
  ] as const) {
    const wanted = { row, what: `${CHAINS[name]} of a 4K frame / OpenCV`, target: { atMost: 1 }, unit: '×' };
    const peer = peers?.[name];
    if (peer === undefined) rows.push({ ...wanted, figure: Number.NaN, missing: 'no Python with OpenCV and SciPy' });
    else {
      const own = await bestOf(repeats, () => filterPixels(frame, operations, { images }));
      rows.push({ ...wanted, figure: (own * full) / peer });
    }
  }
  return { rows };
}

const CHAINS = {
  gamma: 'gamma',
  gaussian: 'Gaussian 31×31',
  chain: 'flat-field, Gaussian 31×31, threshold',
  labels: 'flat-field, Gaussian 31×31, threshold, labels',
};

/** Row g: single filters beside OpenCV, SciPy and libvips. */
export async function filterRows({ rounds, python }: PageOptions): Promise<Measured> {
  const measured = await measureFilters(5 * rounds, python);
  const against = measured.filters.flatMap(({ what, own, peers: { OpenCV } }) =>
    OpenCV === undefined ? [] : [{ what, ratio: own / OpenCV }],
  );
  const worst = against.toSorted((a, b) => b.ratio - a.ratio)[0];
  const what = `the slowest of the filters beside OpenCV${worst ? `, ${worst.what}` : ''}`;
  const wanted = { row: 'g', what, target: { atMost: 1.5 }, unit: '×' };
  const row = worst
    ? { ...wanted, figure: worst.ratio }
    : { ...wanted, figure: Number.NaN, missing: 'no Python with OpenCV and SciPy' };
  return { rows: [row], tables: [filterTable(measured)] };
}
