import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JobResult, runJob } from '../../../coordinator/index.js';
import { type BackendChoice, openExecutor } from '../../../library/executor.js';
import { jobSpecSchema } from '../../../tiling/job/job-spec.js';
import { scene } from '../inputs.js';
import type { Section } from '../report.js';

/** What the jobs from file to file vary. */
export interface EndToEnd {
  readonly side: number;
  /** Sides of tiles beside the planned one. */
  readonly tiles: readonly number[];
  /** Threads that read and encode, which is how many tiles are in flight. */
  readonly threads: readonly number[];
}

interface Run {
  readonly backend: BackendChoice;
  readonly threads: number;
  readonly tile: number | undefined;
}

/**
 * Blurs by map from file to file by backend, tile and tiles in flight, each once to warm up (kernels are compiled and
 * checked then) and once measured. A bounded one differs between backends in its CRC. Device seconds are by its own
 * clock: above 1 of the wall time where copies and passes of several tiles overlap.
 */
export async function endToEndSection(name: 'box' | 'gaussian', { side, tiles, threads }: EndToEnd): Promise<Section> {
  const work = mkdtempSync(join(tmpdir(), 'halotile-bench-gpu-'));
  const most = Math.max(...threads);
  const runs: Run[] = [
    { backend: 'wasm', threads: most, tile: undefined },
    ...threads.flatMap((count) => [undefined, ...tiles].map((tile): Run => ({ backend: 'gpu', threads: count, tile }))),
    { backend: 'auto', threads: most, tile: undefined },
  ];
  try {
    const pair = await scene(work, side);
    const lines: { readonly seconds: number; readonly cells: string[] }[] = [];
    for (const run of runs) {
      const result = await measured(run, { ...pair, output: join(work, 'out.tif'), name });
      lines.push({ seconds: result.seconds.total, cells: cellsOf(run, result, side) });
    }
    const fastest = lines.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    return {
      title:
        `${name === 'box' ? 'Box' : 'Gaussian'} by map from file to file, ${side}×${side} uint8 RGB; ` +
        `fastest: ${fastest.cells[0]}`,
      columns: ['how', 'seconds', 'Mpx/s', 'device occupied', 'upload / compute / download', 'CRC-32'],
      lines: lines.map(({ cells }) => cells),
    };
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function measured(
  { backend, threads, tile }: Run,
  { image, map, output, name }: { image: string; map: string; output: string; name: string },
): Promise<JobResult> {
  const operations = [{ name }];
  const spec = jobSpecSchema.parse({ image, map, output, operations, tile, compression: { codec: 'none' } });
  const machine = { threads, memoryBytes: threads * 2 ** 30 };
  const executor = await openExecutor(machine, backend);
  const nowSeconds = () => performance.now() / 1000;
  try {
    await runJob({ spec, machine, executor, nowSeconds, restart: 'any' });
    rmSync(output);
    const result = await runJob({ spec, machine, executor, nowSeconds, restart: 'any' });
    rmSync(output);
    return result;
  } finally {
    await executor.close();
  }
}

function cellsOf({ backend, threads, tile }: Run, result: JobResult, side: number): string[] {
  const { seconds, device: on = { upload: 0, compute: 0, download: 0 } } = result;
  const busy = on.upload + on.compute + on.download;
  const planned = tile === undefined ? ' (planned)' : '';
  return [
    `${backend}, tile ${result.tiles.side}${planned}, ${threads} in flight`,
    seconds.total.toFixed(2),
    ((side * side) / seconds.total / 1e6).toFixed(0),
    busy === 0 ? '-' : (busy / seconds.total).toFixed(2),
    busy === 0 ? '-' : [on.upload, on.compute, on.download].map((part) => (part / busy).toFixed(2)).join(' / '),
    result.crc,
  ];
}
