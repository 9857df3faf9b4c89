import type { Registry } from 'prom-client';
import type { TaskSeconds as SecondsByPart } from '../../tiling/job/job-figures.js';
import type { TaskResult } from '../../tiling/work/task.js';
import { tally } from './tally.js';

/** Upper bounds of the histogram's buckets: from a thumbnail's tile to one that is computed in pieces. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
const PARTS: readonly (keyof SecondsByPart)[] = ['read', 'decode', 'kernel', 'encode', 'write'];
const NAME = 'halotile_task_seconds';

type Prom = typeof import('prom-client');
type Finished = Pick<TaskResult, 'task' | 'seconds' | 'counts' | 'device'>;

/** What the tasks of one kind took. */
class KindSeconds {
  /** Tasks by bucket, the last one without a bound, for each part. */
  readonly buckets = PARTS.map(() => new Float64Array(BOUNDS.length + 1));
  readonly sums = new Float64Array(PARTS.length);
  pixelsRead = 0;
  pixelsMade = 0;

  add({ seconds, counts }: Finished): void {
    for (let part = 0; part < PARTS.length; part++) {
      const spent = seconds[PARTS[part]!];
      let bucket = 0;
      while (bucket < BOUNDS.length && spent > BOUNDS[bucket]!) bucket++;
      this.buckets[part]![bucket]!++;
      this.sums[part]! += spent;
    }
    this.pixelsRead += counts.inputPixels;
    this.pixelsMade += counts.outputPixels;
  }
}

/**
 * Counts what finished tasks took and moved; the same names at coordinator and worker, told apart by `job` of a scrape.
 * A task costs some additions: prom-client's own histogram takes three microseconds for each observation, and hears of
 * ours when somebody asks.
 */
export class TaskSeconds {
  readonly #kinds = new Map<string, KindSeconds>();
  readonly #device: (part: string, by: number) => void;
  readonly #bytes: (direction: string, by: number) => void;
  #decoded = 0;
  #cached = 0;

  constructor(prom: Prom, registry: Registry) {
    const { Counter } = prom;
    this.#device = tally(prom, registry, {
      name: 'halotile_device_seconds_total',
      help: "Seconds by a GPU's own clock: copying in, computing, copying out",
      ...{ label: 'part', values: ['upload', 'compute', 'download'] },
    });
    this.#bytes = tally(prom, registry, {
      name: 'halotile_storage_bytes_total',
      help: 'Encoded bytes that finished tasks read from storage and wrote to it, or through the coordinator',
      ...{ label: 'direction', values: ['read', 'written'] },
    });
    for (const [name, help, count] of [
      ['decoded', 'Blocks of inputs that finished tasks decoded', () => this.#decoded],
      ['cached', 'Blocks of inputs that finished tasks found decoded in the cache', () => this.#cached],
    ] as const) {
      new Counter({
        name: `halotile_blocks_${name}_total`,
        help,
        registers: [registry],
        collect() {
          this.reset();
          this.inc(count());
        },
      });
    }
    const kinds = this.#kinds;
    new Counter({
      name: 'halotile_pixels_total',
      help: 'Image pixels that finished tasks read, halo included, and pixels of their own tiles',
      labelNames: ['kind', 'what'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [kind, { pixelsRead, pixelsMade }] of kinds) {
          this.inc({ kind, what: 'read' }, pixelsRead);
          this.inc({ kind, what: 'output' }, pixelsMade);
        }
      },
    });
    const histogram = { name: NAME, get: async () => this.#histogram() };
    registry.registerMetric(histogram as unknown as Parameters<Registry['registerMetric']>[0]);
  }

  add(finished: Finished): void {
    const { task, counts, device } = finished;
    let kind = this.#kinds.get(task.kind);
    if (kind === undefined) {
      kind = new KindSeconds();
      this.#kinds.set(task.kind, kind);
    }
    kind.add(finished);
    this.#bytes('read', counts.bytesRead);
    this.#bytes('written', counts.bytesWritten);
    this.#decoded += counts.blocksDecoded;
    this.#cached += counts.blocksCached;
    if (device === undefined) return;
    for (const [part, spent] of Object.entries(device)) this.#device(part, spent);
  }

  /** The histogram in prom-client's form: buckets count all that is not above their bound. */
  #histogram() {
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = [];
    for (const [kind, { buckets, sums }] of this.#kinds) {
      for (const [index, part] of PARTS.entries()) {
        const labels = { kind, part };
        let count = 0;
        for (const [bucket, tasks] of buckets[index]!.entries()) {
          count += tasks;
          const le = BOUNDS[bucket] ?? '+Inf';
          values.push({ metricName: `${NAME}_bucket`, labels: { le, ...labels }, value: count });
        }
        values.push({ metricName: `${NAME}_sum`, labels, value: sums[index]! });
        values.push({ metricName: `${NAME}_count`, labels, value: count });
      }
    }
    const help = 'Seconds of one thread that a finished task spent on each part of its work';
    return { name: NAME, help, type: 'histogram', values, aggregator: 'sum' };
  }
}
