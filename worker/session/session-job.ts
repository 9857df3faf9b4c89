import { type CoordinatorEndpoint, endpointText } from '../../proto/client/endpoint.js';
import { fromPortable } from '../../proto/convert/portable.js';
import type { halotile } from '../../proto/gen/messages.js';
import { mayRead } from '../../threads/places/settings.js';
import { isUrl } from '../../tiling/places/url.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { traceparentOf } from '../../tiling/tracing.js';
import { type DataOf, isKindName, type KindName, kindOf } from '../../tiling/work/index.js';
import type { InputAddress, InputPlace, RemoteRaster, SinkRef, SourceRef } from '../../tiling/work/references.js';
import type { Task } from '../../tiling/work/task.js';
import type { InputName, WorkJob } from '../../tiling/work/work-job.js';

/** A coordinator's job in the two ways that this worker can run it. */
export interface SessionJob {
  /** By reference as far as the worker sees the storage. */
  readonly preferred: WorkJob;
  /** Everything through the coordinator: for a task whose storage failed. The same where nothing is seen. */
  readonly inline: WorkJob;
  /** The span that its tasks are part of. */
  readonly traceparent?: string;
}

/** How a worker reaches the files of a coordinator. */
export interface Reach {
  readonly endpoint: CoordinatorEndpoint;
  readonly roots: StorageRoots;
  /** What this worker is called there. */
  readonly instance: string;
}

/** A job as its coordinator describes it; keys are made unique among the coordinators of a worker. */
export function sessionJob(message: halotile.v1.OpenJob, { endpoint: to, roots }: Omit<Reach, 'instance'>): SessionJob {
  const { key: job, planJson, inputs, incoming, sink, boundedBackend } = message;
  const key = `${to.address} ${job}`;
  const endpoint = endpointText(to);
  const common = {
    ...(planJson === '' ? {} : { plan: fromPortable<Plan>(planJson) }),
    ...(boundedBackend === '' ? {} : { boundedBackend }),
  };
  const raster = ({ sourceJson }: halotile.v1.IJobInput) => fromPortable<RemoteRaster>(sourceJson ?? '');
  const named = (source: (input: halotile.v1.IJobInput, position: number) => SourceRef) =>
    inputs.map((input, position) => ({ name: input.name as InputName, source: source(input, position) }));
  const remote = (input: halotile.v1.IJobInput, position: number): SourceRef => {
    return { kind: 'coordinator', endpoint, job, input: { position }, raster: raster(input) };
  };
  const near = (input: halotile.v1.IJobInput, position: number): SourceRef => {
    const path = located(roots, input.place);
    return path === undefined ? remote(input, position) : fileOf(path, raster(input));
  };
  const remoteSink: SinkRef | undefined = sink ? { kind: 'coordinator', endpoint, job } : undefined;
  const inline: WorkJob = { ...common, key: `${key} inline`, inputs: named(remote), sink: remoteSink };
  const preferred: WorkJob = {
    ...{ ...common, key, inputs: named(near), sink: nearSink(sink ?? {}, roots) ?? remoteSink },
    incoming: located(roots, incoming),
  };
  const seen =
    preferred.incoming !== undefined ||
    preferred.inputs.some(({ source }) => source.kind === 'file') ||
    preferred.sink?.kind !== remoteSink?.kind;
  const traceparent = traceparentOf(message.traceparent);
  return { preferred: seen ? preferred : inline, inline, ...(traceparent !== undefined && { traceparent }) };
}

/** A granted task with the job that it is run for. */
export interface GrantedWay {
  readonly job: WorkJob;
  readonly task: Task;
}

/** A task in the ways that this worker can run it, `inline` where that is another one. */
export interface GrantedWays {
  readonly preferred: GrantedWay;
  readonly inline: GrantedWay | undefined;
}

/** The ways to run a granted task; undefined where it is of a kind that this release does not know. */
export function grantedWays(
  { preferred, inline }: SessionJob,
  grant: halotile.v1.Grant,
  { endpoint: to, roots, instance }: Reach,
): GrantedWays | undefined {
  const { lease, key: job, stage, task: index, attempt, kind, inputs, spill } = grant;
  if (!isKindName(kind)) return undefined;
  const data = fromPortable<DataOf<KindName>>(grant.dataJson);
  const refs = kindOf(kind).reads?.(data) ?? [];
  const endpoint = endpointText(to);
  const sent = (position: number): InputPlace => {
    const { sourceJson } = inputs[position]!;
    if (refs[position]!.form === 'file' || !sourceJson) return { kind: 'sent' };
    const input: InputAddress = { position, task: { stage, index } };
    return { kind: 'coordinator', endpoint, job, input, raster: fromPortable<RemoteRaster>(sourceJson) };
  };
  const seen = (position: number): InputPlace => {
    const ref = refs[position]!;
    const { place, sourceJson } = inputs[position]!;
    const path = located(roots, place);
    if (path === undefined) return sent(position);
    if (ref.form === 'file') return { kind: 'piece', path, offset: ref.offset };
    return fileOf(path, fromPortable<RemoteRaster>(sourceJson ?? ''));
  };
  const way = (on: WorkJob, places: readonly InputPlace[], spillFolder?: string): GrantedWay => {
    const granted = { lease, instance, spill: spillFolder, to: { kind: 'coordinator', endpoint, job } } as const;
    return { job: on, task: { kind, stage, index, attempt, data, places, granted } as Task };
  };
  const far = way(
    inline,
    refs.map((_, position) => sent(position)),
  );
  const folder = located(roots, spill);
  const near = way(
    preferred,
    refs.map((_, position) => seen(position)),
    folder,
  );
  const byReference =
    preferred !== inline ||
    folder !== undefined ||
    near.task.places!.some(({ kind: place }) => place === 'piece' || place === 'file');
  return byReference ? { preferred: near, inline: far } : { preferred: far, inline: undefined };
}

/** A file that stands for what the coordinator describes. */
function fileOf(path: string, { directory, info }: RemoteRaster): SourceRef {
  return { kind: 'file', path, directory, info };
}

function nearSink(sink: halotile.v1.IJobSink, roots: StorageRoots): SinkRef | undefined {
  const path = located(roots, sink);
  if (path === undefined) return undefined;
  const durable = sink.durable === true;
  return sink.placed
    ? { kind: 'placed', file: path, durable }
    : { kind: 'parts', partial: path, epoch: sink.epoch ?? '', durable };
}

/** The path here of a place below a root, or a URL that this worker may read; undefined where it does not see it. */
function located(roots: StorageRoots, place: halotile.v1.IFilePlace | null | undefined): string | undefined {
  const { root, path, url } = place ?? {};
  if (url && isUrl(url) && mayRead(url)) return url;
  if (!root) return undefined;
  try {
    return roots.locate({ root, path: path ?? '' });
  } catch {
    // The coordinator sees it and this worker does not: inline then.
    return undefined;
  }
}
