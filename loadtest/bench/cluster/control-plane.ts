// Row 6: tile tasks a second through one coordinator with simulated workers, everything real but the pixels:
// node dist/loadtest/bench/cluster/control-plane.js [WORKERS] [SIDE IN TILES] [watched]
// `watched`: with its numbers scraped every five seconds, and its page's streams open in one browser.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layOutRawTiff, TILE } from '../../../cli/demo/raw-tiff.js';
import { coordinatorCounters, coordinatorGauges } from '../../../cli/metrics/coordinator-metrics.js';
import { Coordinator, DEFAULT_LIMITS } from '../../../coordinator/index.js';
import { JobsClient } from '../../../library/cluster/jobs-client.js';
import { openThreads } from '../../../library/executor.js';
import { jobSpecSchema } from '../../../tiling/job/job-spec.js';

const [workers = 200, side = 128] = process.argv.slice(2, 4).map(Number);
const isWatched = process.argv[4] === 'watched';
const PROCESSES = 2;
const SCRAPE_MS = 5000;

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
  ...(isWatched && { observer: coordinatorCounters(prom, registry), web: '127.0.0.1:0' }),
  ...{ listen: '127.0.0.1:0', stateDirectory: join(directory, 'state'), roots: { data: root } },
  ...{ limits: DEFAULT_LIMITS, machine, here, maxRunning: 1, maxOpenJobs: 1, maxUploadBytes: 0, durable: false },
  keep: { maxAgeMs: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY },
  clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
  newId: () => randomUUID(),
  log: () => {},
});
if (isWatched) {
  coordinatorGauges(prom, { registry, coordinator, stateDirectory: directory, nowMs: () => Date.now() });
  setInterval(() => void registry.metrics(), SCRAPE_MS).unref();
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
const gone = new AbortController();
if (isWatched) for (const path of ['events', `jobs/${job.id}/tiles`]) void follow(`/api/${path}`);
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
  }),
);
gone.abort();
for (const child of children) child.kill();
client.close();
await coordinator.close();
await here.close();
rmSync(directory, { recursive: true });

/** Reads one of the page's streams, as a browser does. */
async function follow(path: string): Promise<void> {
  try {
    const { body } = await fetch(`http://127.0.0.1:${coordinator.webPort}${path}`, { signal: gone.signal });
    for await (const _ of body!);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}
