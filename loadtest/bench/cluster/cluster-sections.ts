import { execFile } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runLocally } from '../../../library/local-run.js';
import { type JobSpec, jobSpecSchema } from '../../../tiling/job/job-spec.js';
import type { Section } from '../report.js';
import { LocalCluster, type LocalWorker, type MeasuredJob } from './local-cluster.js';
import { Watchers } from './watchers.js';

/** What every table of the cluster's benchmark is made from. */
export interface ClusterBenchOptions {
  /** Holds image.tif and map.tif, both deflated. */
  readonly root: string;
  readonly side: number;
  readonly rounds: number;
  /** Of both files together. */
  readonly inputBytes: number;
  /** For coordinators. */
  readonly nodeFlags: readonly string[];
}

/** What the local run and every plan of the cluster reckon with. */
export const MACHINE = { threads: 2, memoryBytes: 512 << 20 } as const;
const INLINE: LocalWorker = { threads: 2, byReference: false };
const SHARED: LocalWorker = { threads: 1, byReference: true };
const SIMULATED_WORKERS = [200, 1000] as const;

/** The everyday job: box by map, deflate in and out, overviews. */
function spec(place: string, output: string, halo: JobSpec['halo'] = 'adaptive'): JobSpec {
  const named = { image: `${place}image.tif`, map: `${place}map.tif`, output: `${place}${output}` };
  return jobSpecSchema.parse({ ...named, halo, operations: [{ name: 'box' }] });
}

/** Runs the job on each cluster in turns, `rounds` times, and ends the clusters. */
async function inTurns(
  clusters: readonly LocalCluster[],
  rounds: number,
  output: (cluster: number) => string,
  before: () => Promise<void> = async () => {},
): Promise<MeasuredJob[][]> {
  const measured = clusters.map((): MeasuredJob[] => []);
  for (let round = 0; round < rounds; round++) {
    await before();
    for (const [index, cluster] of clusters.entries()) {
      measured[index]!.push(await cluster.run(spec('root:data/', output(index))));
    }
  }
  for (const cluster of clusters) await cluster.close();
  return measured;
}

const least = (values: readonly number[]) => Math.min(...values);
const wall = (jobs: readonly MeasuredJob[]) => least(jobs.map(({ wallSeconds }) => wallSeconds));
const processor = (jobs: readonly MeasuredJob[]) =>
  least(jobs.map(({ coordinatorCpuSeconds, workersCpuSeconds }) => coordinatorCpuSeconds + workersCpuSeconds));
const coordinators = (jobs: readonly MeasuredJob[]) =>
  least(jobs.map(({ coordinatorCpuSeconds }) => coordinatorCpuSeconds));
const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
/** Of the time that threads spend on tiles: fetching blocks, the wait for them included. */
const readShare = ({ result: { seconds } }: MeasuredJob) => {
  const { read = 0, decode = 0, kernel = 0, encode = 0, write = 0 } = seconds ?? {};
  return read / (read + decode + kernel + encode + write);
};
const load = () => `load ${loadavg()[0]!.toFixed(0)}`;

async function row5({ root, rounds, nodeFlags }: ClusterBenchOptions): Promise<Section> {
  const local: { wall: number; cpu: number }[] = [];
  const clusters = [
    await LocalCluster.start(root, [SHARED, SHARED]),
    await LocalCluster.start(root, [INLINE, INLINE], { nodeFlags }),
  ];
  const [reference, inline] = (await inTurns(
    clusters,
    rounds,
    (index) => (index === 0 ? 'reference.tif' : 'inline.tif'),
    async () => {
      const before = process.cpuUsage();
      const { seconds } = await runLocally(spec(`${root}/`, 'local.tif'), { machine: MACHINE });
      const { user, system } = process.cpuUsage(before);
      local.push({ wall: seconds.total, cpu: (user + system) / 1e6 });
    },
  )) as [MeasuredJob[], MeasuredJob[]];
  const localWall = least(local.map((run) => run.wall));
  const localCpu = least(local.map(({ cpu }) => cpu));
  const line = (what: string, jobs: readonly MeasuredJob[], target: string) => [
    ...[what, `${wall(jobs).toFixed(2)} s`, (wall(jobs) / localWall).toFixed(2)],
    ...[`${processor(jobs).toFixed(2)} s`, (processor(jobs) / localCpu).toFixed(2)],
    ...[`${coordinators(jobs).toFixed(2)} s`, target],
  ];
  return {
    title: `Row 5: two worker processes against the local run (best of ${rounds}, ${load()})`,
    columns: ['what', 'wall', 'ratio of wall', 'processor', 'ratio of processor', 'coordinator alone', 'target'],
    lines: [
      ['local, two threads', `${localWall.toFixed(2)} s`, '1', `${localCpu.toFixed(2)} s`, '1', '-', '-'],
      line('by reference', reference, '≤ 1.5'),
      line('inline, two threads a worker', inline, '≤ 3'),
    ],
  };
}

/** One, two and four workers of one thread each. */
async function byNumber(
  { root, side, rounds }: ClusterBenchOptions,
  worker: LocalWorker,
  way: string,
): Promise<Section> {
  const counts = [1, 2, 4];
  const clusters: LocalCluster[] = [];
  for (const count of counts) clusters.push(await LocalCluster.start(root, new Array(count).fill(worker)));
  const measured = await inTurns(clusters, rounds, (index) => `workers-${index}.tif`);
  const one = wall(measured[0]!);
  return {
    title: `Throughput by number of workers, ${way}, one thread each (best of ${rounds}, ${load()})`,
    columns: ['workers', 'wall', 'Mpx a second', 'against one', 'processor', 'submit to first tile'],
    lines: measured.map((jobs, index) => [
      ...[String(counts[index]), `${wall(jobs).toFixed(2)} s`, (side ** 2 / 1e6 / wall(jobs)).toFixed(1)],
      ...[(one / wall(jobs)).toFixed(2), `${processor(jobs).toFixed(2)} s`],
      `${least(jobs.map(({ firstTileSeconds }) => firstTileSeconds)).toFixed(2)} s`,
    ]),
  };
}

const workers = (options: ClusterBenchOptions) => byNumber(options, SHARED, 'by reference');
const inlineWorkers = (options: ClusterBenchOptions) => byNumber(options, { ...INLINE, threads: 1 }, 'inline');

async function threads({ root, rounds }: ClusterBenchOptions): Promise<Section> {
  const cores = availableParallelism();
  const kinds = [cores, cores + 1, cores + 2];
  const clusters: LocalCluster[] = [];
  for (const count of kinds) clusters.push(await LocalCluster.start(root, [{ threads: count, byReference: false }]));
  const measured = await inTurns(clusters, rounds, (index) => `threads-${index}.tif`);
  const first = wall(measured[0]!);
  return {
    title: `One inline worker by its threads, ${cores} cores (best of ${rounds}, ${load()})`,
    columns: ['threads', 'wall', 'against threads = cores', 'processor', 'processor / wall', 'waiting for blocks'],
    lines: measured.map((jobs, index) => [
      ...[String(kinds[index]), `${wall(jobs).toFixed(2)} s`, (wall(jobs) / first).toFixed(2)],
      ...[`${processor(jobs).toFixed(2)} s`, (processor(jobs) / wall(jobs)).toFixed(2)],
      `${(100 * least(jobs.map(readShare))).toFixed(0)} %`,
    ]),
  };
}

async function wire({ root, inputBytes }: ClusterBenchOptions): Promise<Section> {
  const cluster = await LocalCluster.start(root, [INLINE], { counted: true });
  const lines: string[][] = [];
  for (const halo of ['adaptive', 'max'] as const) {
    const job = await cluster.run(spec('root:data/', `wire-${halo}.tif`, halo));
    const { outputBytes = 0 } = job.result;
    lines.push([
      ...[halo, mebibytes(inputBytes), mebibytes(job.bytesToWorkers), (job.bytesToWorkers / inputBytes).toFixed(2)],
      ...[mebibytes(outputBytes), mebibytes(job.bytesToCoordinator), (job.bytesToCoordinator / outputBytes).toFixed(2)],
    ]);
  }
  lines.push(['coordinator’s peak memory', mebibytes(cluster.coordinatorPeakBytes), '', '', '', '', '']);
  await cluster.close();
  return {
    title: 'Bytes over the wire, one inline worker, both files and the output deflated',
    columns: ['halo', 'inputs', 'to the worker', 'ratio', 'output', 'to the coordinator', 'ratio of output'],
    lines,
  };
}

/** Tiles without pixels through one coordinator and simulated workers, in a process of its own. */
async function controlPlane(workers: number, ...words: readonly string[]): Promise<Record<string, number>> {
  const script = fileURLToPath(new URL('./control-plane.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(workers), ...words]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>;
}

async function control(): Promise<Section> {
  const figures: Record<string, number>[] = [];
  for (const workers of SIMULATED_WORKERS) figures.push(await controlPlane(workers));
  return {
    title: `Row 6: control plane with simulated workers (${load()})`,
    columns: Object.keys(figures[0]!),
    lines: figures.map((row) => Object.values(row).map(String)),
  };
}

/**
 * The same job and the same tiles without pixels, with numbers scraped, traces sent and a job's page open, and without.
 * A machine's noise is larger than what is looked for, so processor time of pairs is compared and all pairs are shown.
 */
async function watched({ root, side, rounds }: ClusterBenchOptions): Promise<Section> {
  const watchers = await Watchers.start();
  const clusters = [
    await LocalCluster.start(root, [SHARED, SHARED]),
    await LocalCluster.start(root, [SHARED, SHARED], { watchers }),
  ] as const;
  const jobs: [number, number][] = [];
  const tiles: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    const taken = [0, 0] as [number, number];
    // Which comes first changes from round to round.
    const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const index of order) {
      const job = await clusters[index].run(spec('root:data/', `watched-${index}.tif`), (id) => {
        if (index === 1) watchers.open(id);
      });
      taken[index] = job.coordinatorCpuSeconds + job.workersCpuSeconds;
    }
    jobs.push(taken);
    const plane = await controlPlane(SIMULATED_WORKERS[0], '128', 'watched');
    tiles.push([plane.cpuMicrosecondsATile!, plane.watchedMicrosecondsATile!]);
  }
  // Streams of a coordinator that ends would fail.
  const seen = watchers.close();
  for (const cluster of clusters) await cluster.close();
  const line = (what: string, pairs: readonly [number, number][]) => {
    const costs = pairs.map(([without, with_]) => with_ / without - 1).sort((a, b) => a - b);
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    const median = (costs[(costs.length - 1) >> 1]! + costs[costs.length >> 1]!) / 2;
    const all = (of: 0 | 1) => pairs.map((pair) => pair[of].toFixed(2)).join(', ');
    return [what, all(0), all(1), percent(median), costs.map(percent).join(', '), '≤ 2 %'];
  };
  return {
    title: `Numbers, traces and the page: what they cost (${rounds} pairs; ${seen}; ${load()})`,
    columns: ['what', 'without', 'with', 'cost, median', 'cost of each pair', 'target'],
    lines: [
      line(`${side}×${side}, two workers by reference, processor seconds`, jobs),
      line('row 6, processor microseconds a tile without pixels, stretches of one run', tiles),
    ],
  };
}

/** The sections that `--rows` names. */
export const CLUSTER_SECTIONS = { row5, workers, inlineWorkers, threads, wire, control, watched } as const;
/** One of {@link CLUSTER_SECTIONS}. */
export type ClusterSectionName = keyof typeof CLUSTER_SECTIONS;
