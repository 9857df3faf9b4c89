// Row 6: tile tasks a second through one coordinator with simulated workers, everything real but the pixels:
// node dist/loadtest/bench/cluster/control-plane.js [WORKERS] [SIDE IN TILES] [watched|numbers|page]
// `watched`: its `numbers` are scraped, and its `page`'s streams of the job are open in a browser, for every second
// stretch of tiles; what a tile takes is told of both kinds. Stretches of one run lie side by side, whatever else keeps
// the machine busy.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layOutRawTiff, TILE } from '../../../cli/demo/raw-tiff.js';
import { coordinatorCounters, coordinatorGauges } from '../../../cli/metrics/coordinator-metrics.js';
import { Coordinator, type CoordinatorObserver, DEFAULT_LIMITS } from '../../../coordinator/index.js';
import { JobsClient } from '../../../library/cluster/jobs-client.js';
import { openThreads } from '../../../library/executor.js';
import { jobSpecSchema } from '../../../tiling/job/job-spec.js';

const [workers = 200, side = 128] = process.argv.slice(2, 4).map(Number);
const how = process.argv[4];
const hasNumbers = how === 'watched' || how === 'numbers';
const hasPage = how === 'watched' || how === 'page';
let isWatched = false;
const PROCESSES = 2;
const SCRAPE_MS = 5000;
/** Some seconds' worth. */
const STRETCH_TILES = 1024;

const directory = mkdtempSync(join(tmpdir(), 'halotile-control-'));
const root = join(directory, 'data');
mkdirSync(root);
const size = { width: side * TILE, height: side * TILE };
const { header, fileBytes } = layOutRawTiff(size, 1, 'sparse');
const fd = openSync(join(root, 'image.tif'), 'w');
writeSync(fd, header);
ftruncateSync(fd, fileBytes);
closeSync(fd);

const machine = { threads: 2, memoryBytes: 512 << 20 };
const here = openThreads({ ...machine, threads: 1 });
const { default: prom } = await import('prom-client');
const registry = new prom.Registry();
const coordinator = await Coordinator.start({
  ...(hasNumbers && { observer: sometimes(coordinatorCounters(prom, registry)) }),
  ...(hasPage && { web: '127.0.0.1:0' }),
  ...{ listen: '127.0.0.1:0', stateDirectory: join(directory, 'state'), roots: { data: root } },
  ...{ limits: DEFAULT_LIMITS, machine, here, maxRunning: 1, maxOpenJobs: 1, maxUploadBytes: 0, durable: false },
  keep: { maxAgeMs: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY },
  clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
  newId: () => randomUUID(),
  log: () => {},
});
let scrapes: NodeJS.Timeout | undefined;
if (hasNumbers) {
  coordinatorGauges(prom, { registry, coordinator, stateDirectory: directory, nowMs: () => Date.now() });
  scrapes = setInterval(() => isWatched && void registry.metrics(), SCRAPE_MS);
}
const address = `127.0.0.1:${coordinator.port}`;
const script = fileURLToPath(new URL('./simulated-workers.js', import.meta.url));
const children = Array.from({ length: PROCESSES }, () =>
  spawn(process.execPath, [script, address, String(Math.ceil(workers / PROCESSES))], { stdio: 'inherit' }),
);
while (coordinator.figures.workers < workers) await new Promise((resolve) => setTimeout(resolve, 20));

const client = new JobsClient({ address });
const spec = jobSpecSchema.parse({
  ...{
    image: 'root:data/image.tif',
    output: 'root:data/out.tif',
    operations: [{ name: 'box', params: { radius: 1 } }],
  },
  ...{ tile: TILE, block: TILE, overviews: false },
});
const job = await client.submit(spec);
let browser: ChildProcess | undefined;
if (hasPage) {
  const reader = fileURLToPath(new URL('./page-reader.js', import.meta.url));
  const urls = ['events', `jobs/${job.id}/tiles`].map((path) => `http://127.0.0.1:${coordinator.webPort}/api/${path}`);
  browser = fork(reader, urls);
}
/** Of stretches without watchers and with them: processor microseconds and tiles. */
const spent = { without: [0, 0], with: [0, 0] } as const satisfies Record<string, [number, number]>;
/** The first stretch warms up, and counts for none. */
let stretch = { number: 0, tiles: 0, cpu: process.cpuUsage() };
let firstMs = 0;
let first = 0;
let lastMs = 0;
let last = 0;
let peakRss = 0;
let tiles = 0;
const submittedMs = performance.now();
const cpuBefore = process.cpuUsage();
let firstTileMs = 0;
for await (const { progress } of client.watch(job.id!)) {
  const done = progress?.tilesDone ?? 0;
  tiles = progress?.tilesTotal ?? tiles;
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
  if (done > 0 && firstTileMs === 0) firstTileMs = performance.now() - submittedMs;
  if (done > 0 && first === 0) [first, firstMs] = [done, performance.now()];
  if (done > last) [last, lastMs] = [done, performance.now()];
  if (done - stretch.tiles >= STRETCH_TILES) nextStretch(done);
}
const cpu = process.cpuUsage(cpuBefore);
const cpuMs = (cpu.user + cpu.system) / 1000;
const rate = (last - first) / ((lastMs - firstMs) / 1000);
console.log(
  JSON.stringify({
    workers,
    tiles,
    tilesPerSecond: Math.round(rate),
    // What the coordinator's process itself used: the machine may be busy with the workers and with others.
    tilesPerCpuSecond: Math.round((1000 * tiles) / cpuMs),
    coordinatorPeakMiB: Math.round(peakRss / 2 ** 20),
    submitToFirstTileMs: Math.round(firstTileMs),
    wastedAttempts: coordinator.figures.wasted,
    ...(how !== undefined && costs()),
  }),
);
clearInterval(scrapes);
browser?.kill();
for (const child of children) child.kill();
client.close();
await coordinator.close();
await here.close();
rmSync(directory, { recursive: true });

/** Ends a stretch; watchers come or go. */
function nextStretch(done: number): void {
  const { user, system } = process.cpuUsage(stretch.cpu);
  const of = isWatched ? spent.with : spent.without;
  if (stretch.number > 0) {
    of[0] += user + system;
    of[1] += done - stretch.tiles;
  }
  const number = stretch.number + 1;
  // Off, on, on, off: what becomes faster or slower all the while favours neither.
  const isOn = how !== undefined && (number % 4 === 2 || number % 4 === 3);
  if (isOn !== isWatched) browser?.send(isOn);
  isWatched = isOn;
  stretch = { number, tiles: done, cpu: process.cpuUsage() };
}

/** What a tile took without watchers and with them. */
function costs(): Record<string, number> {
  const [without, watched] = [spent.without[0] / spent.without[1], spent.with[0] / spent.with[1]];
  const rounded = (value: number) => Math.round(10 * value) / 10;
  return {
    cpuMicrosecondsATile: rounded(without),
    watchedMicrosecondsATile: rounded(watched),
    watchingCostsPercent: rounded(100 * (watched / without - 1)),
  };
}

/** Hears only of what happens while somebody watches. */
function sometimes(observer: CoordinatorObserver): CoordinatorObserver {
  const heard = Object.entries(observer).map(([name, hear]) => [
    name,
    (...what: unknown[]) => void (isWatched && hear(...what)),
  ]);
  return Object.fromEntries(heard) as CoordinatorObserver;
}
