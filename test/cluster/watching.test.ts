import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runOnCluster } from '../../library/cluster/cluster-run.js';
import { runLocally } from '../../library/local-run.js';
import { missingCommands, quietly } from '../support/installed.js';
import { halotile, type Started, startHalotile } from '../support/run-halotile.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { serve } from '../support/serve-process.js';
import { blurSpec, MACHINE, makeScene } from './scene-files.js';

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const GUIDE = fileURLToPath(new URL('../../../docs/operations-guide.md', import.meta.url));
const noPrometheus = missingCommands(['prometheus', '--version'], ['promtool', '--version']);
/** 1400×1100 in tiles of 256. */
const TILES = 6 * 5;

interface Line {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly service: string;
  readonly job?: string;
  readonly stage?: number;
  readonly tile?: number;
  readonly attempt?: number;
  readonly worker?: string;
}

const folder = scratchFolder();
const data = join(folder, 'data');
const inData = (name: string) => join(data, name);
let coordinator: Awaited<ReturnType<typeof serve>>;
let worker: Started;
let workerLog = '';
let job = '';

before(async () => {
  await makeScene(data);
  const flags = ['--metrics', '127.0.0.1:0', '--log-format', 'json', '--log-level', 'debug'];
  coordinator = await serve(folder, 0, flags);
  const address = `127.0.0.1:${coordinator.port}`;
  worker = startHalotile('worker', '--coordinator', address, '--threads', '1', '--name', 'w1', ...flags);
  await new Promise<void>((resolve) => {
    worker.child.stderr!.on('data', (text: string) => {
      workerLog += text;
      if (/works for/.test(workerLog)) resolve();
    });
  });
  job = await submit();
});
after(() => {
  coordinator.process.kill('SIGKILL');
  worker.child.kill('SIGKILL');
});

/** Runs the job, or finds it where it was submitted before; nothing is shared with the worker, so that pixels travel. */
async function submit(): Promise<string> {
  const endpoint = { address: `127.0.0.1:${coordinator.port}` };
  const spec = blurSpec((name) => `root:data/${name}`, 'root:data/far.tif');
  return (await runOnCluster(spec, { endpoint, requestId: 'tonight' })).job;
}

test('the same request is the same job, which is not run again', async () => {
  assert.equal(await submit(), job);
});

test('a Prometheus that scrapes coordinator and worker knows what a job did', { skip: noPrometheus }, async () => {
  const { halo } = await runLocally(blurSpec(inData, join(folder, 'near.tif')), { machine: MACHINE });
  const prometheus = await startPrometheus({
    'halotile-coordinator': numbersAt(coordinator.log()),
    'halotile-worker': numbersAt(workerLog),
  });
  const committed = 'sum(halotile_attempts_ended_total{outcome="commit"})';
  const ofCoordinator = 'job="halotile-coordinator"';
  const expected = {
    [`sum(halotile_task_seconds_count{kind="filter",part="kernel",${ofCoordinator}})`]: TILES,
    [`${committed} - sum(halotile_attempts_total)`]: 0,
    [`${committed} - sum(halotile_worker_attempts_total{outcome="done"})`]: 0,
    'sum(halotile_jobs_ended_total{state="succeeded"})': 1,
    'sum(halotile_jobs_ended_total{state="failed"})': 0,
    'halotile_workers{state="ready"}': 1,
    'sum(halotile_slots) - sum(halotile_worker_slots)': 0,
    halotile_worker_connected_coordinators: 1,
    'halotile_busy_slots + halotile_waiting_slots + halotile_leases': 0,
    'sum(halotile_jobs) + sum(halotile_queue_oldest_seconds)': 0,
    [`halotile_pixels_total{kind="filter",what="output",${ofCoordinator}}`]: 1400 * 1100,
    [`halotile_pixels_total{kind="filter",what="read",${ofCoordinator}}`]: halo.pixelsRead,
    halotile_halo_saved_pixels_total: halo.pixelsWithMaxHalo - halo.pixelsRead,
    'sum(halotile_alarms_total)': 0,
    'count(halotile_blocks_decoded_total) + count(halotile_blocks_cached_total)': 4,
    halotile_queue_up: 1,
    'count(halotile_queue_look_seconds > 0)': 1,
    'count(halotile_build_info)': 2,
    'count(nodejs_eventloop_lag_p99_seconds)': 2,
    // What the worker read of the inputs went through the coordinator, and what it made came back.
    'count(halotile_wire_bytes_total > 0)': 2,
    'count(halotile_state_free_bytes > 0)': 1,
  };
  assert.ok(halo.pixelsWithMaxHalo > halo.pixelsRead);
  for (const [query, value] of Object.entries(expected)) assert.equal(await prometheus.ask(query), value, query);
  assert.deepEqual(await prometheus.alerts(), []);
});

test('alert rules and dashboard ask for numbers that are there, and each alert has a paragraph', {
  skip: noPrometheus,
}, async () => {
  const rules = join(DEPLOY, 'prometheus/alerts.yml');
  quietly('promtool', ['check', 'rules', rules]);
  const text = readFileSync(rules, 'utf8');
  const guide = readFileSync(GUIDE, 'utf8');
  const alerts = [...text.matchAll(/^ +- alert: (\w+)$/gm)].map(([, name]) => name!);
  assert.ok(alerts.length >= 10);
  for (const alert of alerts) {
    assert.ok(guide.includes(`\n### ${alert}\n`), alert);
    assert.ok(text.includes(`operations-guide.md#${alert.toLowerCase()}\n`), alert);
  }
  const known = await shownNames();
  const dashboard = readFileSync(join(DEPLOY, 'grafana/halotile.json'), 'utf8');
  for (const [name] of `${text} ${dashboard}`.matchAll(/\b(?:halotile|nodejs|process)_[a-z0-9_]+\b/g)) {
    assert.ok(known.has(name), `${name} is no number that coordinator or worker shows`);
  }
  for (const name of known) if (name.startsWith('halotile')) assert.match(name, /^halotile_[a-z_]+$/);
});

test('no label has a value that a client chose', async () => {
  const text = (await Promise.all(addresses().map(numbersFrom))).join('');
  for (const secret of [job, 'w1', 'deflate.tif', data]) assert.ok(!text.includes(secret), secret);
});

test('numbers that cannot be shown are refused before anything starts', async () => {
  const [taken] = addresses();
  const flags = ['--listen', '127.0.0.1:0', '--state', join(scratchFolder(), 'state'), '--metrics', taken!];
  const { code, stderr } = await halotile('serve', ...flags);
  assert.equal(code, 2);
  assert.match(stderr, /^halotile: --metrics 127\.0\.0\.1:\d+: cannot listen \([^\n]*EADDRINUSE[^\n]*\n$/);
});

test('every line of the log is an object with level, job, tile and worker', async () => {
  worker.child.kill('SIGTERM');
  const drained = await worker.ended;
  const ended = new Promise((resolve) => coordinator.process.once('exit', resolve));
  coordinator.process.kill('SIGTERM');
  await ended;
  const lines = linesOf(coordinator.log());
  for (const line of lines) assert.ok(['debug', 'info', 'warn', 'error'].includes(line.level), JSON.stringify(line));
  assert.ok(lines.every(({ service, time }) => service === 'coordinator' && time.endsWith('Z')));
  const starts = lines.filter(({ msg }) => / starts, attempt 1/.test(msg));
  assert.deepEqual(
    starts.map((line) => line.job),
    [job],
  );
  const attempts = lines.filter(({ msg }) => /^tile /.test(msg)).filter(({ stage }) => stage === 0);
  const pick = ({ level, job, stage, tile, attempt, worker }: Line) => ({ level, job, stage, tile, attempt, worker });
  assert.deepEqual(
    attempts.map(pick).sort((a, b) => a.tile! - b.tile!),
    Array.from({ length: TILES }, (_, tile) => ({ level: 'debug', job, stage: 0, tile, attempt: 1, worker: 'w1' })),
  );
  const said = linesOf(drained.stderr);
  assert.ok(said.some(({ msg, worker }) => msg === 'draining: tiles under way have 10 s' && worker === 'w1'));
});

function linesOf(log: string): Line[] {
  return log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** Where coordinator and worker show their numbers. */
function addresses(): string[] {
  return [coordinator.log(), workerLog].map(numbersAt);
}

function numbersAt(log: string): string {
  return /numbers for Prometheus at http:\/\/([^/\s]+)\/metrics/.exec(log)![1]!;
}

async function numbersFrom(address: string): Promise<string> {
  return (await fetch(`http://${address}/metrics`)).text();
}

/** The names of all series that coordinator and worker show. */
async function shownNames(): Promise<Set<string>> {
  const names = new Set<string>();
  for (const text of await Promise.all(addresses().map(numbersFrom))) {
    for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      names.add(name!);
      if (type === 'histogram') for (const part of ['_bucket', '_sum', '_count']) names.add(`${name}${part}`);
    }
  }
  return names;
}

/** A Prometheus that scrapes these addresses every second, by the name of its job; ends with the tests. */
async function startPrometheus(targets: Readonly<Record<string, string>>) {
  const port = await freePort();
  const config = join(folder, 'prometheus.yml');
  const jobs = Object.entries(targets).map(([job_name, target]) => ({
    job_name,
    static_configs: [{ targets: [target] }],
  }));
  const rules = [join(DEPLOY, 'prometheus/alerts.yml')];
  writeFileSync(config, JSON.stringify({ global: { scrape_interval: '1s' }, rule_files: rules, scrape_configs: jobs }));
  const child = spawn(
    'prometheus',
    [
      ...[`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'prometheus')}`],
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  after(() => child.kill('SIGKILL'));
  const get = async (path: string) => (await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as Answer;
  await new Promise<void>((resolve, reject) => {
    let log = '';
    child.once('exit', () => reject(new Error(`Prometheus ended: ${log}`)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (/Server is ready to receive web requests/.test(log)) resolve();
    });
  });
  const ask = async (query: string): Promise<number | undefined> => {
    const { data } = await get(`query?query=${encodeURIComponent(query)}`);
    const value = data.result?.[0]?.value[1];
    return value === undefined ? undefined : Number(value);
  };
  // Prometheus tells its scrapers of targets every five seconds.
  while ((await ask('sum(up)')) !== Object.keys(targets).length)
    await new Promise((resolve) => setTimeout(resolve, 200));
  return {
    ask,
    /** The names of alerts that wait or fire. */
    async alerts(): Promise<string[]> {
      const { data } = await get('alerts');
      return (data.alerts ?? []).map(({ labels }) => labels.alertname);
    },
  };
}

interface Answer {
  readonly data: {
    readonly result?: readonly { readonly value: readonly [number, string] }[];
    readonly alerts?: readonly { readonly labels: { readonly alertname: string } }[];
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
