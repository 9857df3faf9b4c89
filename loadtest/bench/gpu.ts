// The GPU's figures, in one command: npm run bench:gpu -- [--tile N] [--in-flight N] [--tiles N] [--side N]
// [--threads N] [--python PATH] [--short] [--software] [--record]. Adapters that compute on the processor are measured
// only on request (--software): their figures say nothing of a GPU, and --short shows that everything runs.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { backendName } from '../../worker/gpu/gpu-report.js';
import { GpuDevice } from '../../worker/kernels/webgpu/chain/gpu-device.js';
import { memoryBandwidth } from './gpu/gpu-copies.js';
import { endToEndSection } from './gpu/gpu-end-to-end.js';
import { measureRow } from './gpu/gpu-kernels.js';
import { GPU_ROWS, labelOf } from './gpu/gpu-rows.js';
import { printSection, recordSections, type Section } from './report.js';

const { values } = parseArgs({
  options: {
    tile: { type: 'string' },
    'in-flight': { type: 'string' },
    tiles: { type: 'string' },
    side: { type: 'string' },
    threads: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    short: { type: 'boolean', default: false },
    software: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
});
const usual = values.short
  ? { tile: 128, inFlight: 2, tiles: 2, side: 700, threads: 2, mix: { tiles: [128, 256], inFlight: [1, 2] } }
  : {
      ...{ tile: 2048, inFlight: 4, tiles: 40, side: 15_000, threads: availableParallelism() },
      mix: { tiles: [512, 1024, 2048, 4096], inFlight: [1, 2, 4, 8] },
    };
const given = (value: string | undefined, otherwise: number) => (value === undefined ? otherwise : Number(value));
const tile = given(values.tile, usual.tile);
const tiles = given(values.tiles, usual.tiles);
const inFlight = given(values['in-flight'], usual.inFlight);
const side = given(values.side, usual.side);
const threads = given(values.threads, usual.threads);

const device = await GpuDevice.open(values.short ? undefined : 16 * 2 ** 30);
if (!(device instanceof GpuDevice)) {
  console.log(`skipped: ${device.reason}`);
  process.exit(0);
}
const { adapter } = device.opened;
const name = backendName(adapter);
if (!adapter.real && !values.software) {
  console.log(`skipped: ${name} computes on the processor; --software measures it all the same`);
  device.destroy();
  process.exit(0);
}
console.log(name);
const sections = [await kernelSection(device), await mixSection(device)];
device.destroy();
// Threads that read and encode: from a few to all.
const flight = [...new Set([threads / 4, threads / 2, threads].map((count) => Math.max(1, Math.ceil(count))))];
const endToEnd = { side, tiles: values.short ? [512] : [1024, 2048, 4096], threads: flight };
sections.push(await endToEndSection('box', endToEnd), await endToEndSection('gaussian', endToEnd));
for (const section of sections) printSection(section);
const form = values.short ? ' Short form: it shows that everything runs, not how fast.' : '';
if (values.record) recordSections(sections, { side, rounds: 1, note: `Device: ${name}.${form}` });

/** Each kernel resident and with transfers, beside a plain copy and CuPy. */
async function kernelSection(gpu: GpuDevice): Promise<Section> {
  const bandwidth = await memoryBandwidth(gpu.opened);
  const peers = cupy();
  const lines: string[][] = [];
  for (const row of GPU_ROWS) {
    const rates = await measureRow(gpu, row, { tile, inFlight, tiles });
    const { resident, withTransfers, plainCopy, bytesPerSecond } = rates;
    const share = bytesPerSecond === undefined || bandwidth === undefined ? undefined : bytesPerSecond / bandwidth;
    lines.push([
      labelOf(row),
      resident === undefined ? 'no timestamps' : rate(resident),
      share === undefined ? '-' : share.toFixed(2),
      rate(withTransfers),
      (withTransfers / plainCopy).toFixed(2),
      rate(peers[labelOf(row)]),
    ]);
  }
  const gigabytes = bandwidth === undefined ? 'unknown' : `${(bandwidth / 1e9).toFixed(0)} GB/s`;
  return {
    title: `GPU kernels, Mpx/s at tile ${tile}, ${inFlight} in flight; memory copies at ${gigabytes}`,
    columns: ['kernel', 'resident', 'of memory bandwidth', 'with transfers', 'of a plain copy', 'CuPy resident'],
    lines,
  };
}

/** The box by map with transfers over tile sides and tiles in flight. */
async function mixSection(gpu: GpuDevice): Promise<Section> {
  const counts = usual.mix.inFlight;
  let best = { rate: 0, how: '' };
  const lines: string[][] = [];
  for (const each of usual.mix.tiles) {
    const cells: string[] = [];
    for (const count of counts) {
      const { withTransfers } = await measureRow(gpu, GPU_ROWS[0]!, { tile: each, inFlight: count, tiles });
      if (withTransfers > best.rate) best = { rate: withTransfers, how: `tile ${each}, ${count} in flight` };
      cells.push(rate(withTransfers));
    }
    lines.push([String(each), ...cells]);
  }
  return {
    title: `${labelOf(GPU_ROWS[0]!)} with transfers, Mpx/s; best: ${best.how}`,
    columns: ['tile', ...counts.map((count) => `${count} in flight`)],
    lines,
  };
}

function rate(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(value < 10 ? 2 : 0);
}

function cupy(): Record<string, number> {
  const script = fileURLToPath(new URL('../../../loadtest/bench/cupy-box.py', import.meta.url));
  const { status, stdout, stderr } = spawnSync(values.python, [script, String(tile)], { encoding: 'utf8' });
  if (status === 0) return JSON.parse(stdout) as Record<string, number>;
  console.log(`skipped: ${stderr?.trim().split('\n').at(-1) || `${values.python} cannot be run`}`);
  return {};
}
