import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import sharp, { type Sharp } from 'sharp';
import { filterPixels } from '../../../library/filter-pixels.js';
import { SAMPLE_BYTES, viewSamples } from '../../../tiling/raster/dtype.js';
import type { Pixels } from '../../../tiling/sources/memory-source.js';
import type { Section } from '../report.js';

/** Everything is measured on images of so many pixels a side. */
const SIDE = 1536;
const PEERS = ['OpenCV', 'SciPy', 'libvips'] as const;
type Peer = (typeof PEERS)[number];

interface Filter {
  readonly what: string;
  readonly chain: readonly string[];
  /** Of the image; bytes of one channel where it says nothing. */
  readonly image?: { readonly channels?: 3; readonly dtype?: 'uint16' };
  /** The same by libvips, where sharp has it. */
  readonly vips?: (frame: Sharp) => Sharp;
}

const FILTERS: Readonly<Record<string, Filter>> = {
  median: { what: 'median of 5×5', chain: ['median:footprint=rect:5x5'], vips: (frame) => frame.median(5) },
  'median-7': { what: 'median of 7×7', chain: ['median:footprint=rect:7x7'], vips: (frame) => frame.median(7) },
  'median-wide': { what: 'median of 5×5', chain: ['median:footprint=rect:5x5'], image: { dtype: 'uint16' } },
  'median-wide-7': { what: 'median of 7×7', chain: ['median:footprint=rect:7x7'], image: { dtype: 'uint16' } },
  'median-disk': { what: 'median under a disk of radius 5', chain: ['median:footprint=disk:5'] },
  percentile: { what: '20th percentile of 5×5', chain: ['percentile:percentile=20,footprint=rect:5x5'] },
  disk: { what: 'maximum under a disk of radius 11', chain: ['max:footprint=disk:11'] },
  std: { what: 'deviation in 15×15', chain: ['std:window=15'] },
  'std-colour': { what: 'deviation in 15×15', chain: ['std:window=15'], image: { channels: 3 } },
  'box-colour': { what: 'box of 17×17', chain: ['box:radius=8'], image: { channels: 3 } },
  box: { what: 'box of 17×17', chain: ['box:radius=8'] },
  downscale: {
    what: 'a third of each side, by area',
    chain: ['downscale:factor=3'],
    vips: (frame) => frame.resize(SIDE / 3, SIDE / 3, { fit: 'fill', kernel: 'linear' }),
  },
};

/** WebAssembly is compiled anew while it runs, on a thread whose time counts here as well. */
export const WARM_UP_MS = 1000;

/** Processor seconds of the best of some rounds, once what they run is compiled for good. */
export async function bestOf(rounds: number, work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (const start = performance.now(); performance.now() - start < WARM_UP_MS; ) await work();
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
}

/** Processor seconds of filters on one thread, and of what else does the same. */
export interface MeasuredFilters {
  readonly versions: string;
  readonly filters: readonly {
    readonly what: string;
    readonly own: number;
    readonly peers: Partial<Record<Peer, number>>;
  }[];
}

/** The best of some rounds of each. */
export async function measureFilters(rounds: number, python: string): Promise<MeasuredFilters> {
  const script = fileURLToPath(new URL('../../../../loadtest/bench/peers/filters.py', import.meta.url));
  const run = spawnSync(python, [script, String(rounds), String(SIDE)], { encoding: 'utf8' });
  const { versions, seconds } = (
    run.status === 0 ? JSON.parse(run.stdout) : { versions: 'no Python with OpenCV and SciPy', seconds: {} }
  ) as {
    readonly versions: string;
    readonly seconds: Readonly<Record<string, Partial<Record<Peer, number>>>>;
  };
  const noise = (channels: number, dtype: 'uint8' | 'uint16'): Pixels => {
    let state = 1;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> (dtype === 'uint8' ? 24 : 16);
    };
    const length = SIDE * SIDE * channels;
    const samples = viewSamples(dtype, new ArrayBuffer(length * SAMPLE_BYTES[dtype]), 0, length);
    return { samples: samples.map(next), width: SIDE, height: SIDE, channels };
  };
  sharp.concurrency(1);
  const raw = { raw: { width: SIDE, height: SIDE, channels: 1 } } as const;
  const filters: MeasuredFilters['filters'][number][] = [];
  for (const [name, { what, chain, image, vips }] of Object.entries(FILTERS)) {
    const { channels = 1, dtype = 'uint8' } = image ?? {};
    const frame = noise(channels, dtype);
    const own = await bestOf(rounds, () => filterPixels(frame, chain));
    const peers = { ...seconds[name] };
    if (vips) {
      const picture = () => vips(sharp(frame.samples as Uint8Array, raw));
      peers.libvips = await bestOf(rounds, () => picture().raw().toBuffer());
    }
    const of = image ? `, ${channels === 3 ? 'RGB' : dtype}` : '';
    filters.push({ what: `${what}${of}`, own, peers });
  }
  return { versions: `${versions}, libvips ${sharp.versions.vips}`, filters };
}

/** As a table, each cell the peer's time and ours as a multiple of it. */
export function filterTable({ versions, filters }: MeasuredFilters): Section {
  const ms = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;
  const lines = filters.map(({ what, own, peers }) => {
    const cells = PEERS.map((peer) => {
      const time = peers[peer];
      return time === undefined ? '' : `${ms(time)}, ${(own / time).toFixed(2)} ×`;
    });
    return [what, ms(own), ...cells, '≤ 1.5 ×'];
  });
  const title = `Filters of ${SIDE}×${SIDE} on one thread, uint8 where nothing is said; ${versions}`;
  return { title, columns: ['what', 'halotile', ...PEERS, 'target'], lines };
}
