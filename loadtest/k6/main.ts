// Load on the gRPC API from outside, by k6, against a coordinator and workers of this machine:
// npm run loadtest -- [--short] [--scenarios submit-and-watch,uploads,…] [--duration 30m] [--kept N] [--record]
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/machine.js';
import { LocalServices } from './local-services.js';

/** In the order in which they run; the listing has a coordinator of its own, with a long history. */
const SCENARIOS = ['submit-and-watch', 'uploads', 'listing', 'spike', 'soak', 'schedules', 'stress'] as const;
/** What the whole of one scenario may take, beyond which it is ended. */
const LIMIT_MS = 45 * 60_000;
/** k6's exit code where a threshold was crossed. */
const CROSSED = 99;

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const RESULTS = join(ROOT, 'loadtest/RESULTS/k6.md');
const COLUMNS = [
  'scenario',
  'iterations',
  'a second',
  'submit p95 ms',
  'call p95 ms',
  'job p95 ms',
  'failed',
  'coordinator CPU s',
  'MiB',
  'descriptors',
  'thresholds',
];

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    scenarios: { type: 'string' },
    duration: { type: 'string' },
    kept: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});

/** Of k6's summary, what the table holds. */
interface Summary {
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

if (spawnSync('k6', ['version'], { stdio: 'ignore' }).status !== 0) {
  console.log('skipped: no k6; build it with: go install go.k6.io/k6@latest');
  process.exit(0);
}
const chosen = flags.scenarios === undefined ? SCENARIOS : flags.scenarios.split(',');
const lines: string[][] = [];
let failures = 0;
for (const name of chosen) {
  const line = await run(name);
  lines.push(line);
  console.log(COLUMNS.map((column, i) => `${column} ${line[i]}`).join(', '));
}
if (flags.record) record(lines);
process.exitCode = failures === 0 ? 0 : 1;

async function run(name: string): Promise<string[]> {
  const kept = name === 'listing' ? Number(flags.kept ?? (flags.short ? 5000 : 100_000)) : 0;
  const services = await LocalServices.start({ workers: 2, kept });
  const folder = mkdtempSync(join(tmpdir(), 'halotile-k6-'));
  try {
    const before = services.figures();
    const startedMs = performance.now();
    const { code, output } = await k6(name, services.address, join(folder, 'summary.json'));
    const seconds = (performance.now() - startedMs) / 1000;
    const after = services.figures();
    if (/status: 12|code: 12|UNIMPLEMENTED|Unimplemented/.test(output))
      return [name, ...Array<string>(9).fill('–'), 'skipped: no schedules here'];
    const { metrics } = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as Summary;
    const isCrossed = code === CROSSED;
    // Where the climb ends is what stress is to find out.
    if (code !== 0 && !(name === 'stress' && isCrossed)) {
      failures++;
      console.log(output.split('\n').slice(-60).join('\n'));
    }
    const p95 = (metric: string) => metrics[metric]?.['p(95)']?.toFixed(0) ?? '–';
    const iterations = metrics.iterations?.count ?? 0;
    return [
      name + (kept > 0 ? ` (${kept} kept)` : ''),
      String(iterations),
      (iterations / seconds).toFixed(1),
      ...[p95('submit_ms'), metrics.upload_ms === undefined ? p95('call_ms') : p95('upload_ms'), p95('job_ms')],
      `${(100 * (metrics.failed?.value ?? 0)).toFixed(2)} %`,
      (after.cpuSeconds - before.cpuSeconds).toFixed(1),
      `${mib(before.residentBytes)} → ${mib(after.residentBytes)}`,
      `${before.descriptors} → ${after.descriptors}`,
      code === 0 ? 'held' : isCrossed ? 'crossed' : `k6 ended with ${code}`,
    ];
  } finally {
    rmSync(folder, { recursive: true });
    await services.close();
  }
}

function k6(name: string, address: string, summary: string): Promise<{ code: number | null; output: string }> {
  const script = join(ROOT, 'loadtest/k6/scenarios', `${name}.js`);
  const env = {
    ...process.env,
    ...{ HALOTILE_ADDRESS: address, HALOTILE_ROOT: ROOT, SHORT: flags.short ? '1' : '0', K6_NO_USAGE_REPORT: 'true' },
    ...(flags.duration !== undefined && { DURATION: flags.duration }),
  };
  const child = spawn(
    'k6',
    ['run', '--quiet', '--no-color', '--address', '127.0.0.1:0', '--summary-export', summary, script],
    {
      ...{ env, timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'pipe'] },
    },
  );
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-(1 << 20));
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

function record(table: readonly (readonly string[])[]): void {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const head = `\n## ${new Date().toISOString().slice(0, 10)}: ${describeMachine()}\n\n`;
  const form = flags.short ? 'Short form. ' : '';
  const about = `${form}A coordinator, two workers of one thread each and k6 on this one machine, on loopback.\n\n`;
  mkdirSync(join(ROOT, 'loadtest/RESULTS'), { recursive: true });
  appendFileSync(
    RESULTS,
    `${head}${about}${[row(COLUMNS), row(COLUMNS.map(() => '---')), ...table.map(row)].join('\n')}\n`,
  );
}
