import type { halotile } from '../../proto/gen/messages.js';
import type { CoordinatorEndpoint, RemoteRaster, SinkRef, SourceRef, TileJob } from '../../tiling/job/execution.js';
import { fromPortable } from '../../tiling/job/portable.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import type { Attempt } from './task-pool.js';

/** A coordinator's job in the two ways that this worker can run it. */
export interface SessionJob {
  /** By reference as far as the worker sees the storage. */
  readonly preferred: TileJob;
  /** Everything through the coordinator: for a tile whose storage failed. The same where nothing is seen. */
  readonly inline: TileJob;
}

type Role = Extract<SourceRef, { kind: 'coordinator' }>['role'];

/** A job as its coordinator describes it; keys are made unique among the coordinators of a worker. */
export function sessionJob(
  message: halotile.v1.OpenJob,
  endpoint: CoordinatorEndpoint,
  roots: StorageRoots,
): SessionJob {
  const plan = fromPortable<Plan>(message.planJson);
  const key = `${endpoint.address} ${message.key}`;
  const remote = (role: Role, source: halotile.v1.IJobSource, extra?: string): SourceRef => {
    const raster = fromPortable<RemoteRaster>(source.sourceJson ?? '');
    return { kind: 'coordinator', endpoint, job: message.key, role, extra, raster };
  };
  const near: typeof remote = (role, source, extra) => {
    const path = located(roots, source.root, source.path);
    if (path === undefined) return remote(role, source, extra);
    return { kind: 'file', path, directory: fromPortable<RemoteRaster>(source.sourceJson ?? '').directory };
  };
  const image = message.image ?? {};
  const mask = message.mask ?? undefined;
  const map = message.map ?? undefined;
  const extras = (place: typeof remote) =>
    Object.fromEntries(message.extras.map(({ name = '', source }) => [name, place('extra', source ?? {}, name)]));
  const boundedBackend = message.boundedBackend === '' ? undefined : message.boundedBackend;
  const remoteSink: SinkRef = { kind: 'coordinator', endpoint, job: message.key };
  const inline: TileJob = {
    key: `${key} inline`,
    plan,
    image: remote('image', image),
    mask: mask && remote('mask', mask),
    map: map && remote('map', map),
    extras: extras(remote),
    sink: remoteSink,
    boundedBackend,
  };
  const preferred: TileJob = {
    key,
    plan,
    image: near('image', image),
    mask: mask && near('mask', mask),
    map: map && near('map', map),
    extras: extras(near),
    sink: nearSink(message.sink ?? {}, roots) ?? remoteSink,
    boundedBackend,
  };
  const seen = [
    preferred.image,
    preferred.mask,
    preferred.map,
    preferred.sink,
    ...Object.values(preferred.extras),
  ].some((ref) => ref && ref.kind !== 'coordinator');
  return { preferred: seen ? preferred : inline, inline };
}

/** A task in the ways that this worker can run it, `inline` where that is another one. */
export interface Attempts {
  readonly preferred: Attempt;
  readonly inline: Attempt | undefined;
}

/** The attempts at a granted tile; a thread that sends its blocks to the coordinator commits them by itself. */
export function tileAttempts({ preferred, inline }: SessionJob, grant: halotile.v1.Grant): Attempts {
  const { lease, stage, tile, attempt, reads, carries } = grant;
  const blocks = reads.map(({ level = 0, index = 0, offset = 0, length = 0, crc = 0, part = '' }) => {
    return { level, index, offset, length, crc, part };
  });
  const task = {
    ...{ stage, tile, attempt, lease },
    ...(blocks.length > 0 ? { reads: blocks } : {}),
    ...(carries.length > 0 ? { carries } : {}),
  };
  const of =
    (job: TileJob): Attempt =>
    async ({ tiles }) => {
      const result = await tiles.runTile(job, task);
      return job.sink.kind === 'coordinator' ? undefined : result;
    };
  return { preferred: of(preferred), inline: preferred === inline ? undefined : of(inline) };
}

function nearSink(sink: halotile.v1.IJobSink, roots: StorageRoots): SinkRef | undefined {
  const path = located(roots, sink.root, sink.path);
  if (path === undefined) return undefined;
  const durable = sink.durable === true;
  return sink.placed
    ? { kind: 'placed', file: path, durable }
    : { kind: 'parts', partial: path, epoch: sink.epoch ?? '', durable };
}

/** The path here of a place below a root; undefined where this worker does not see it. */
export function located(roots: StorageRoots, root = '', path = ''): string | undefined {
  if (root === '') return undefined;
  try {
    return roots.locate({ root, path });
  } catch {
    // The coordinator sees it and this worker does not: inline then.
    return undefined;
  }
}
