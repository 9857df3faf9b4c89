// The GPU's figures, in one command: npm run bench:gpu -- [--tile N] [--in-flight N] [--tiles N] [--side N]
// [--threads N] [--python PATH] [--record]. Adapters that compute on the processor are measured only on request
// (--software): their figures say nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runLocally } from '../../cli/local-run.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { GpuDevice } from '../../worker/kernels/webgpu/gpu-device.js';
import { memoryBandwidth } from './gpu-copies.js';
import { GPU_ROWS, type GpuRow, measureRow } from './gpu-kernels.js';
import { scene } from './inputs.js';
import { printSection, recordSections, type Section } from './report.js';

const { values } = parseArgs({
  options: {
    tile: { type: 'string', default: '2048' },
    'in-flight': { type: 'string', default: '4' },
    tiles: { type: 'string', default: '40' },
    side: { type: 'string', default: '15000' },
    threads: { type: 'string', default: String(availableParallelism()) },
    python: { type: 'string', default: 'python3' },
    record: { type: 'boolean', default: false },
    software: { type: 'boolean', default: false },
  },
});
const tile = Number(values.tile);
const side = Number(values.side);
const threads = Number(values.threads);

const device = await GpuDevice.open();
if (!(device instanceof GpuDevice)) {
  console.log(`skipped: ${device.reason}`);
  process.exit(0);
}
const { adapter } = device.opened;
const name = `${adapter.vendor} ${adapter.architecture} ${adapter.device}, ${adapter.driver}`;
if (!adapter.real && !values.software) {
  console.log(`skipped: ${name} computes on the processor; --software measures it all the same`);
  device.destroy();
  process.exit(0);
}
console.log(name);
const sections = [await kernelSection(device)];
device.destroy();
sections.push(await endToEndSection('box'), await endToEndSection('gaussian'));
for (const section of sections) printSection(section);
if (values.record) recordSections(sections, { side, rounds: 1, note: `GPU: ${name}.` });

/** Each kernel resident and with transfers, beside a plain copy and CuPy. */
async function kernelSection(gpu: GpuDevice): Promise<Section> {
  const bandwidth = await memoryBandwidth(gpu.opened);
  const peers = cupy();
  const shape = { tile, inFlight: Number(values['in-flight']), tiles: Number(values.tiles) };
  const lines: string[][] = [];
  for (const row of GPU_ROWS) {
    const { resident, withTransfers, plainCopy, bytesPerSecond } = await measureRow(gpu, row, shape);
    const peer = peers[labelOf(row)];
    lines.push([
      labelOf(row),
      resident === undefined ? 'no timestamps' : resident.toFixed(0),
      bytesPerSecond === undefined || bandwidth === undefined ? '-' : (bytesPerSecond / bandwidth).toFixed(2),
      withTransfers.toFixed(0),
      (withTransfers / plainCopy).toFixed(2),
      peer === undefined ? '-' : peer.toFixed(0),
    ]);
  }
  const gigabytes = bandwidth === undefined ? 'unknown' : `${(bandwidth / 1e9).toFixed(0)} GB/s`;
  return {
    title: `GPU kernels, Mpx/s at tile ${tile}; memory copies at ${gigabytes}`,
    columns: ['kernel', 'resident', 'of memory bandwidth', 'with transfers', 'of a plain copy', 'CuPy resident'],
    lines,
  };
}

/** Blurs by map from file to file by backend, tile and threads; a bounded one differs between backends in its CRC. */
async function endToEndSection(name: 'box' | 'gaussian'): Promise<Section> {
  const work = mkdtempSync(join(tmpdir(), 'halotile-bench-gpu-'));
  const lines: string[][] = [];
  try {
    const { image, map } = await scene(work, side);
    for (const backend of ['wasm', 'gpu', 'auto'] as const) {
      for (const tile of backend === 'wasm' ? [undefined] : [undefined, 1024, 2048, 4096]) {
        const output = join(work, 'out.tif');
        const operations = [{ name }];
        const spec = jobSpecSchema.parse({ image, map, output, operations, tile, compression: { codec: 'none' } });
        const machine = { threads, memoryBytes: threads * 2 ** 30 };
        const result = await runLocally(spec, { machine, backend, restart: true });
        const { seconds, device: on = { upload: 0, compute: 0, download: 0 } } = result;
        const busy = on.upload + on.compute + on.download;
        lines.push([
          `${backend}, tile ${result.tiles.side}${tile === undefined ? ' (planned)' : ''}, ${threads} threads`,
          seconds.total.toFixed(2),
          ((side * side) / seconds.total / 1e6).toFixed(0),
          busy === 0 ? '-' : (busy / seconds.total).toFixed(2),
          busy === 0 ? '-' : [on.upload, on.compute, on.download].map((part) => (part / busy).toFixed(2)).join(' / '),
          result.crc,
        ]);
        rmSync(output);
      }
    }
  } finally {
    rmSync(work, { recursive: true });
  }
  return {
    title: `${name === 'box' ? 'Box' : 'Gaussian'} by map from file to file, ${side}×${side} uint8 RGB`,
    columns: ['how', 'seconds', 'Mpx/s', 'device occupied', 'upload / compute / download', 'CRC-32'],
    lines,
  };
}

function cupy(): Record<string, number> {
  const script = fileURLToPath(new URL('../../../loadtest/bench/cupy-box.py', import.meta.url));
  const { status, stdout, stderr } = spawnSync(values.python, [script, String(tile)], { encoding: 'utf8' });
  if (status === 0) return JSON.parse(stdout) as Record<string, number>;
  console.log(`skipped: ${stderr?.trim().split('\n').at(-1) || `${values.python} cannot be run`}`);
  return {};
}

function labelOf({ operation: { name, params }, dtype, channels, radius }: GpuRow): string {
  const exact = params?.quality === 'exact' ? ' exact' : '';
  const widest = radius === undefined ? '' : ` ${name === 'gaussian' ? 'sigma' : 'radius'} ${radius}`;
  return `${name}${exact} ${dtype}×${channels}${widest}`;
}
