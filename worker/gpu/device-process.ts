// The process that owns a GPU: the device lives in its main thread (Dawn crashes in others), its threads read,
// encode and run what the device does not. It lives as long as the process that started it.
import { randomUUID } from 'node:crypto';
import { setPlaceSettings } from '../../threads/places/settings.js';
import { toErrorRecord } from '../../tiling/errors.js';
import { GpuDevice } from '../kernels/webgpu/chain/gpu-device.js';
import { GPU_VARIANTS } from '../kernels/webgpu/chain/self-check.js';
import { ThreadPoolExecutor } from '../threads/thread-pool.js';
import { serveDevice } from './device-server.js';
import { backendName, type GpuReport } from './gpu-report.js';
import type { DeviceProcessOptions, ProcessAnswer, ProcessRequest } from './process-messages.js';

let device: GpuDevice | undefined;
let pool: ThreadPoolExecutor | undefined;

process.on('message', (request: ProcessRequest) => void handle(request));
process.on('disconnect', () => {
  device?.destroy();
  process.exit(0);
});

async function handle(request: ProcessRequest): Promise<void> {
  switch (request.kind) {
    case 'check':
      say({ kind: 'report', report: await check() });
      return;
    case 'start':
      setPlaceSettings(request.places);
      say({ kind: 'started', report: await start(request.options) });
      return;
    case 'lose-device':
      device?.destroy();
      return;
    default:
      await answer(request);
  }
}

async function check(): Promise<GpuReport> {
  const opened = await GpuDevice.open();
  if (!(opened instanceof GpuDevice)) return { available: false, reason: opened.reason };
  device = opened;
  const kernels: { kernel: string; passed: boolean }[] = [];
  for (const kernel of GPU_VARIANTS) kernels.push({ kernel, passed: await opened.passes(kernel) });
  return { ...reportOf(opened), kernels };
}

async function start({ threads, name, deviceBytes }: DeviceProcessOptions): Promise<GpuReport> {
  const opened = await GpuDevice.open(deviceBytes);
  if (!(opened instanceof GpuDevice)) return { available: false, reason: opened.reason };
  device = opened;
  const report = reportOf(opened);
  const link = { channel: randomUUID(), backend: backendName(report.adapter), limits: report.limits };
  serveDevice(opened, link);
  pool = new ThreadPoolExecutor({ threads, backend: 'wasm', name, device: link });
  void opened.lost.then((reason) => {
    // Nothing useful runs here without the device; whoever started this process starts another.
    process.send!({ kind: 'lost', reason } satisfies ProcessAnswer, () => process.exit(1));
  });
  return report;
}

function reportOf({ opened: { adapter, limits, timestamps } }: GpuDevice) {
  return { available: true as const, adapter, limits, timestamps, kernels: [] };
}

async function answer(request: ProcessRequest & { readonly id: number }): Promise<void> {
  const { id } = request;
  try {
    switch (request.kind) {
      case 'task':
        say({ kind: 'task', id, result: await pool!.run(request.job, request.task) });
        return;
      case 'close-job':
        await pool!.closeJob(request.key);
        say({ kind: 'closed-job', id });
    }
  } catch (error) {
    // What a lost device did to its tiles is told by the end of this process, once.
    if (device!.isLost) return;
    say({ kind: 'error', id, error: toErrorRecord(error, 'tile-failed', { where: 'GPU process' }) });
  }
}

function say(answer: ProcessAnswer): void {
  // A parent that is gone needs no answer; `disconnect` ends this process.
  if (process.connected) process.send!(answer);
}
