// Clusters of up to a thousand workers in simulated time, on the real scheduler; docs/scale.md reads the table:
// npm run simulate -- [--workers 1,10,…] [--coordinators 1,3] [--tile 2048] [--coordinator-ms 0.3]
import { parseArgs } from 'node:util';
import { type Cluster, type Outcome, simulate } from './cluster.js';
import { type Costs, FIXED, STORAGE, WORK } from './costs.js';

const WORKERS = '1,2,3,5,8,12,20,30,50,80,120,200,300,500,700,1000';
/** Tiles that each worker gets: enough for a steady state. */
const TILES_PER_WORKER = 30;
const MIN_TILES = 600;
/** The knee: the largest cluster whose workers do at least this share of what one alone does. */
const KNEE = 0.9;
/** Below this share a sweep ends: larger clusters bring nothing more. */
const FLAT = 0.5;

const { values: flags } = parseArgs({
  options: {
    workers: { type: 'string', default: WORKERS },
    coordinators: { type: 'string', default: '1,3' },
    tile: { type: 'string', default: '512,2048' },
    'coordinator-ms': { type: 'string', default: String(FIXED.coordinatorMs) },
  },
});
const numbers = (text: string) => text.split(',').map(Number);
const sizes = numbers(flags.workers);
const HEAD = [
  ...[
    'work',
    'storage',
    'coordinators',
    'knee, workers',
    'limit beyond it',
    'gigapixels a second at most',
    'by workers',
  ],
  ...['coordinator busy', 'storage busy', 'thread seconds a gigapixel at the knee'],
];

const row = (cells: readonly (string | number)[]) => console.log(`| ${cells.join(' | ')} |`);
for (const tileSide of numbers(flags.tile)) {
  const perTile = Number(flags['coordinator-ms']).toFixed(2);
  console.log(`\nTiles of ${tileSide}, one thread a worker, a coordinator's ${perTile} ms a tile\n`);
  row(HEAD);
  row(HEAD.map(() => '---'));
  let slowest = 0;
  for (const [work, ofWork] of Object.entries(WORK)) {
    for (const [storage, ofStorage] of Object.entries(STORAGE)) {
      for (const coordinators of numbers(flags.coordinators)) {
        const costs: Costs = { ...FIXED, ...ofWork, ...ofStorage, coordinatorMs: Number(flags['coordinator-ms']) };
        const outcomes = sweep({ coordinators, tileSide, costs });
        row([work, storage, coordinators, ...summary(outcomes)]);
        slowest = Math.max(slowest, ...outcomes.map(({ schedulerMicroseconds }) => schedulerMicroseconds));
      }
    }
  }
  console.log(`\nThe schedulers' own steps, in real time: at most ${slowest.toFixed(0)} µs a tile.`);
}

/** One size after the other, until larger ones bring nothing more. */
function sweep(cluster: Pick<Cluster, 'coordinators' | 'tileSide' | 'costs'>): Outcome[] {
  const outcomes: Outcome[] = [];
  for (const workers of sizes) {
    const tiles = Math.max(MIN_TILES, TILES_PER_WORKER * workers);
    outcomes.push(simulate({ ...cluster, workers, slots: 1, jobs: 2 * cluster.coordinators, tiles, seed: 1 }));
    if (shareOf(outcomes, outcomes.length - 1) < FLAT) break;
  }
  return outcomes;
}

/** What each worker of a cluster does, against what one alone does. */
function shareOf(outcomes: readonly Outcome[], index: number): number {
  return outcomes[index]!.gigapixelsPerSecond / sizes[index]! / (outcomes[0]!.gigapixelsPerSecond / sizes[0]!);
}

function summary(outcomes: readonly Outcome[]): string[] {
  const knee = outcomes.findLastIndex((_, index) => shareOf(outcomes, index) >= KNEE);
  const last = outcomes.at(-1)!;
  const reached = knee === sizes.length - 1;
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return [
    reached ? `beyond ${sizes[knee]}` : String(sizes[knee]),
    reached ? 'workers' : last.storageBusy > last.coordinatorBusy ? 'storage' : 'coordinator',
    last.gigapixelsPerSecond.toFixed(2),
    String(sizes[outcomes.length - 1]),
    percent(last.coordinatorBusy),
    percent(last.storageBusy),
    (sizes[knee]! / outcomes[knee]!.gigapixelsPerSecond).toFixed(1),
  ];
}
