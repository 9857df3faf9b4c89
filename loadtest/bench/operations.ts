// Operations on one thread against SciPy and OpenCV, processor time of the best of some runs, pixels in memory:
// npm run bench:operations -- [--rounds N] [--python PATH] [--record] [--note TEXT]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type FilterOptions, filterPixels } from '../../library/filter-pixels.js';
import type { Pixels } from '../../tiling/sources/memory-source.js';
import { isInstalled } from './contest.js';
import { benchScaleSpace } from './gaussian-timing.js';
import { describeMachine } from './machine.js';
import { filterTable, measureFilters, WARM_UP_MS } from './peers/filter-table.js';
import { printSection, recordSections, type Section } from './report.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    python: { type: 'string', default: 'python3' },
    record: { type: 'boolean', default: false },
    note: { type: 'string' },
  },
});
const rounds = Number(values.rounds);

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Of a user's kernel, whose process has a processor time of its own. */
const wallSeconds = () => performance.now() / 1000;

/** Best seconds of a chain over pixels in memory, copies in and out included. */
async function secondsOf(
  pixels: Pixels,
  chain: readonly string[],
  options: FilterOptions = {},
  nowSeconds = processorSeconds,
): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (const start = performance.now(); performance.now() - start < WARM_UP_MS; ) {
    await filterPixels(pixels, chain, options);
  }
  for (let round = 0; round < rounds; round++) {
    const start = nowSeconds();
    await filterPixels(pixels, chain, options);
    best = Math.min(best, nowSeconds() - start);
  }
  return best;
}

function noisy(width: number, height: number, low: number): Pixels {
  let state = 1;
  const samples = Uint8Array.from({ length: width * height }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor(((256 - low) * state) / 2 ** 32);
  });
  return { samples, width, height };
}

type PeerSeconds = Readonly<Record<string, number | null>>;

/** What SciPy and OpenCV take, where a Python has them. */
function peers(): { readonly versions: string; readonly seconds: PeerSeconds } {
  const work = mkdtempSync(join(tmpdir(), 'halotile-bench-'));
  try {
    const script = fileURLToPath(new URL('../../../loadtest/bench/operations.py', import.meta.url));
    if (!isInstalled(values.python)) return { versions: `${values.python} is not installed`, seconds: {} };
    const run = spawnSync(values.python, [script, values.rounds, work], { encoding: 'utf8' });
    if (run.status === 0) return JSON.parse(run.stdout);
    return { versions: run.stderr.trim().split('\n').at(-1)!, seconds: {} };
  } finally {
    rmSync(work, { recursive: true });
  }
}

const small = noisy(512, 512, 0);
const frame = noisy(3840, 2160, 64);
const even = (value: number): Pixels => ({ ...frame, samples: new Uint8Array(frame.samples.length).fill(value) });
const images = { flat: even(200), dark: even(10) };
const module = fileURLToPath(new URL('../../examples/kernels/max-row.wasm', import.meta.url));
const chain = ['flat-field:flat=flat,dark=dark', 'gaussian:ksize=31,sigma=5', 'threshold:value=128'];

const { versions, seconds } = peers();
const ms = (time: number) => `${(time * 1000).toFixed(1)} ms`;
const lines: string[][] = [];
function against(what: string, name: string, time: number, target: string): void {
  const peer = seconds[name];
  const ratio = peer == null ? '-' : (time / peer).toFixed(2);
  lines.push([what, ms(time), peer == null ? 'not here' : ms(peer), ratio, target]);
}
against('max disk:11, 512×512 uint8 / SciPy', 'max', await secondsOf(small, ['max:footprint=disk:11']), '≤ 0.1');
const custom = await secondsOf(small, [`custom:module=${module},footprint=disk:11`], {}, wallSeconds);
against('the same by a custom kernel, wall time / SciPy with a C callable', 'custom', custom, '≤ 0.33');
against('gaussian 31×31 σ 5, 3840×2160 uint8 / OpenCV', 'gaussian', await secondsOf(frame, [chain[1]!]), '≤ 2');
const gamma = await secondsOf(frame, ['gamma:gamma=0.5']);
against(`gamma, ${(frame.samples.length / gamma / 1e9).toFixed(2)} GB/s / OpenCV`, 'gamma', gamma, '≥ 1 GB/s');
const chained = await secondsOf(frame, chain, { images });
against('flat-field, gaussian 31×31, threshold, 3840×2160 / OpenCV', 'chain', chained, '< 20 ms there');
const labelled = await secondsOf(frame, [...chain, 'label'], { images });
against('flat-field, gaussian 31×31, threshold, labels, 3840×2160 / OpenCV', 'labels', labelled, '≤ 1');

const scaleSpace = [
  [0.6, 0.9],
  [1, 1.5],
  [2, 3],
  [4, 6],
  [8, 12],
  [21, 32],
  [0, 64],
].map(([low, high]) => {
  const { gaussian, box, ratio } = benchScaleSpace(low!, high!, 512);
  return [`σ ${low} to ${high}`, `${gaussian} ns`, `${box} ns`, String(ratio), high === 64 ? '-' : '≤ 3'];
});
const columns = ['what', 'halotile', 'peer', 'ratio', 'target'];
const sections: Section[] = [
  { title: `Operations on one thread; ${versions}`, columns, lines },
  filterTable(await measureFilters(rounds, values.python)),
  { title: 'Gaussian by map / box by map, RGB uint8, a pixel of a tile of 512', columns, lines: scaleSpace },
];
console.log(`${describeMachine()}\n`);
for (const section of sections) printSection(section);
if (values.record) recordSections(sections, { scene: 'Frames in memory', rounds, note: values.note });
