import type { SharedObjects } from '../../threads/places/place-reader.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { RasterCrc } from '../../tiling/raster/raster-crc.js';
import { SharedBlockCache } from '../../tiling/sources/block-cache.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import type { SourceRef } from '../../tiling/work/references.js';
import type { InputName, WorkJob } from '../../tiling/work/work-job.js';
import type { DeviceClient } from '../device/device-client.js';
import type { Backend } from '../kernels/backend.js';
import type { BlockSink } from './block-sink.js';
import type { HeldPixels } from './held-pixels.js';
import { JobEnd } from './job-end.js';
import type { Storage } from './storage.js';

/** Caches of decoded blocks that all threads of a process share. */
export interface SharedCaches {
  /** Differs where a thread died in between and the caches were made anew. */
  readonly generation: number;
  /** Of the job's {@link JobEnd}. */
  readonly end: SharedArrayBuffer;
  readonly image?: SharedArrayBuffer;
  readonly mask?: SharedArrayBuffer;
  readonly map?: SharedArrayBuffer;
  /** Where threads find remote inputs. */
  readonly remote?: SharedObjects;
}

/** What a thread needs to run tiles at all. */
export interface ThreadContext {
  readonly backend: Backend;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
  /** Unique among all threads that ever work on a job. */
  readonly name: string;
  readonly storage: Storage;
  /** The GPU of this process, where it owns one. */
  readonly device?: DeviceClient;
  /** See {@link OpenJob.tilesAhead}. */
  readonly tilesAhead?: number;
}

/** A job opened by one thread: its files, caches and kernels stay open from tile to tile. */
export interface OpenJob {
  readonly job: WorkJob;
  readonly plan: Plan;
  readonly backend: Backend;
  readonly nowMs: () => number;
  readonly image: RasterReader;
  /** The image's transparency mask. */
  readonly mask?: RasterReader;
  readonly map?: RasterReader;
  /** The summed-area table that windows of any radius read. */
  readonly corners?: RasterReader;
  /** The grids of the whole image that wide Gaussians by map read. */
  readonly pyramid?: RasterReader;
  /** Images that operations name in their parameters, by path. */
  readonly extras: Readonly<Record<string, RasterReader>>;
  /** Opened when a task first writes. */
  readonly sink: BlockSink;
  readonly rasterCrc: RasterCrc;
  readonly device?: DeviceClient;
  /** How many tiles start before this thread's next one; absent where nobody knows. */
  readonly tilesAhead?: number;
  readonly end: JobEnd;
  close(): void;
}

/** What of an open job a chain reads from and computes with. */
export interface ChainInputs
  extends Pick<OpenJob, 'plan' | 'backend' | 'image' | 'mask' | 'map' | 'corners' | 'pyramid' | 'extras' | 'device'> {
  readonly job: Pick<WorkJob, 'boundedBackend'>;
  /** Where the job may be over before its tiles. */
  readonly end?: JobEnd;
  /** What an earlier stage has computed already: chains begin behind it. */
  readonly held?: HeldPixels;
}

const EXTRA = 'extra:';

/** Opens the sources of a job with a plan for one thread, and its sink when it is needed. */
export function openJob(job: WorkJob, caches: SharedCaches, context: ThreadContext): OpenJob {
  const readerOf = (ref: SourceRef, cache: SharedArrayBuffer | undefined) =>
    new RasterReader(
      context.storage.openSource(ref),
      cache === undefined ? null : new SharedBlockCache(cache),
      context.nowMs,
    );
  const cacheOf = (name: InputName) =>
    name === 'image' || name === 'mask' || name === 'map' ? caches[name] : undefined;
  const readers = new Map(job.inputs.map(({ name, source }) => [name, readerOf(source, cacheOf(name))]));
  const openSink = (plan: Plan) => context.storage.openSink(job.sink!, plan, context.name);
  return jobOver(job, { readers, openSink, context, end: new JobEnd(caches.end) });
}

/** What a job with a plan runs over. */
export interface JobMeans {
  readonly readers: ReadonlyMap<InputName, RasterReader>;
  /** Called when a task first writes. */
  readonly openSink: (plan: Plan) => BlockSink;
  readonly context: Pick<ThreadContext, 'backend' | 'nowMs' | 'device' | 'tilesAhead'>;
  readonly end: JobEnd;
}

/** A job with a plan over sources that are open. */
export function jobOver(job: WorkJob, { readers, openSink, context, end }: JobMeans): OpenJob {
  const plan = job.plan!;
  const extras = [...readers].flatMap(([name, reader]): [string, RasterReader][] =>
    name.startsWith(EXTRA) ? [[name.slice(EXTRA.length), reader]] : [],
  );
  let sink: BlockSink | undefined;
  return {
    job,
    plan,
    backend: context.backend,
    nowMs: context.nowMs,
    image: readers.get('image')!,
    mask: readers.get('mask'),
    map: readers.get('map'),
    corners: readers.get('corners'),
    pyramid: readers.get('pyramid'),
    extras: Object.fromEntries(extras),
    get sink() {
      sink ??= openSink(plan);
      return sink;
    },
    device: context.device,
    tilesAhead: context.tilesAhead,
    end,
    rasterCrc: new RasterCrc(plan.output, plan.output.channels * SAMPLE_BYTES[plan.output.dtype]),
    close() {
      for (const reader of readers.values()) reader.source.close();
      sink?.close();
    },
  };
}
