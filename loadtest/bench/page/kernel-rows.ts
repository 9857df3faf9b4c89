import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { filterPixels } from '../../../library/filter-pixels.js';
import type { DType } from '../../../tiling/raster/dtype.js';
import type { Pixels } from '../../../tiling/sources/memory-source.js';
import { benchScaleSpace } from '../gaussian-timing.js';
import { timeSection } from '../palette-sections.js';
import { renderedSection } from '../palettes/rendered-section.js';
import { cellOf } from './cluster-rows.js';
import type { PageOptions, PageRow } from './page-row.js';

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

/** Row 7: palettes of many frames, drawn ones and rendered ones by their encoder, against their decoding alone. */
export async function paletteRows({ work, rounds, frames }: PageOptions): Promise<PageRow[]> {
  // The recipe of the section is no row.
  const bench = { work, python: 'no-python', rounds };
  const drawn = await timeSection(bench, frames);
  const rendered = await renderedSection(bench, Math.ceil(frames / 5));
  const about = { row: '7', target: { atMost: 0.7 }, unit: '×' };
  const begins = 'sharp decodes only';
  return [
    {
      ...{ ...about, what: `palettes of ${frames} drawn frames of 640×900 / sharp decodes them` },
      figure: cellOf(drawn, begins, 'palettes / it'),
      processor: cellOf(drawn, begins, 'palettes / it, processor'),
    },
    ...rendered.lines.map(([encoder]) => ({
      ...{ ...about, what: `the same of rendered frames, encoded as ${encoder} does` },
      figure: cellOf(rendered, encoder!, 'palettes / it'),
      processor: cellOf(rendered, encoder!, 'palettes / it, processor'),
    })),
  ];
}

/** Row 9: the dearest of some ranges of sigma, on one thread. */
export function gaussianRows({ side }: PageOptions): PageRow[] {
  const tile = Math.min(512, side >> 2);
  const targets: readonly (readonly [DType, number])[] = [
    ['uint8', 3],
    ['uint16', 4],
    ['float32', 4],
  ];
  return targets.map(([dtype, atMost]) => ({
    ...{ row: '9', what: `Gaussian by map, σ 0.6 to 32, ${dtype} / box by map`, target: { atMost }, unit: '×' },
    figure: Math.max(...SIGMAS.map(([low, high]) => benchScaleSpace(low, high, tile, dtype).ratio)),
  }));
}

/** Row g: point curves, a Gaussian and a chain against OpenCV, each on one thread by processor time. */
export async function openCvRows({ work, python, rounds, side }: PageOptions): Promise<PageRow[]> {
  const { width, height } = side < 4000 ? { width: 640, height: 360 } : FULL_FRAME;
  const repeats = 5 * rounds;
  const script = fileURLToPath(new URL('../../../../loadtest/bench/operations.py', import.meta.url));
  const run = spawnSync(python, [script, String(repeats), work], { encoding: 'utf8' });
  const peers = run.status === 0 ? (JSON.parse(run.stdout) as { seconds: Record<string, number> }).seconds : undefined;
  const frame: Pixels = {
    ...{ width, height },
    samples: new Uint8Array(width * height).map((_, i) => 64 + ((i * 2654435761) >>> 25)),
  };
  const even = (value: number): Pixels => ({ width, height, samples: new Uint8Array(width * height).fill(value) });
  const images = { flat: even(200), dark: even(10) };
  const gaussian = 'gaussian:ksize=31,sigma=5';
  const chains = {
    gamma: ['gamma:gamma=0.5'],
    gaussian: [gaussian],
    chain: ['flat-field:flat=flat,dark=dark', gaussian, 'threshold:value=128'],
  };
  const rows: PageRow[] = [];
  for (const [name, chain] of Object.entries(chains)) {
    const wanted = { row: 'g', what: `${name} of a 4K frame / OpenCV`, target: { atMost: 1 }, unit: '×' };
    if (peers === undefined) {
      rows.push({ ...wanted, figure: Number.NaN, missing: 'no Python with OpenCV and SciPy' });
      continue;
    }
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round <= repeats; round++) {
      const before = process.cpuUsage();
      await filterPixels(frame, chain, { images });
      const { user, system } = process.cpuUsage(before);
      best = Math.min(best, (user + system) / 1e6);
    }
    const full = (FULL_FRAME.width * FULL_FRAME.height) / (width * height);
    rows.push({ ...wanted, figure: (best * full) / peers[name]! });
  }
  return rows;
}
