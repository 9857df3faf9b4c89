import type { Counter, Histogram, Registry } from 'prom-client';
import type { TaskResult } from '../../tiling/work/task.js';

/** From a thumbnail's tile to one that is computed in pieces. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

type Prom = typeof import('prom-client');
type Finished = Pick<TaskResult, 'task' | 'seconds' | 'counts' | 'device'>;

/** Counts what finished tasks took and moved; the same names at coordinator and worker, told apart by `job` of a scrape. */
export class TaskSeconds {
  readonly #seconds: Histogram<'kind' | 'part'>;
  readonly #device: Counter<'part'>;
  readonly #bytes: Counter<'direction'>;
  readonly #blocks: Counter;
  readonly #pixels: Counter<'kind' | 'what'>;

  constructor({ Counter, Histogram }: Prom, registry: Registry) {
    const registers = [registry];
    this.#seconds = new Histogram({
      name: 'halotile_task_seconds',
      help: "Seconds of one thread that a finished task spent on each part of its work; a kind's tasks are the parts' _count",
      labelNames: ['kind', 'part'],
      buckets: SECONDS,
      registers,
    });
    this.#device = new Counter({
      name: 'halotile_device_seconds_total',
      help: "Seconds by a GPU's own clock: copying in, computing, copying out",
      labelNames: ['part'],
      registers,
    });
    this.#bytes = new Counter({
      name: 'halotile_storage_bytes_total',
      help: 'Encoded bytes that finished tasks read from storage and wrote to it, or through the coordinator',
      labelNames: ['direction'],
      registers,
    });
    this.#blocks = new Counter({
      name: 'halotile_blocks_decoded_total',
      help: 'Blocks of inputs that finished tasks decoded; what the cache had is not among them',
      registers,
    });
    this.#pixels = new Counter({
      name: 'halotile_pixels_total',
      help: 'Image pixels that finished tasks read, halo included, and pixels of their own tiles',
      labelNames: ['kind', 'what'],
      registers,
    });
  }

  add({ task, seconds, counts, device }: Finished): void {
    for (const [part, spent] of Object.entries(seconds)) this.#seconds.observe({ kind: task.kind, part }, spent);
    for (const [part, spent] of Object.entries(device ?? {})) this.#device.inc({ part }, spent);
    this.#bytes.inc({ direction: 'read' }, counts.bytesRead);
    this.#bytes.inc({ direction: 'written' }, counts.bytesWritten);
    this.#blocks.inc(counts.blocksDecoded);
    this.#pixels.inc({ kind: task.kind, what: 'read' }, counts.inputPixels);
    this.#pixels.inc({ kind: task.kind, what: 'output' }, counts.outputPixels);
  }
}
