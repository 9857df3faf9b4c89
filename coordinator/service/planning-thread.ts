import { MessageChannel, type MessagePort, parentPort, workerData as site } from 'node:worker_threads';
import { readCollectionSpec } from '../../proto/convert/collection-spec.js';
import { readDatasetSpec } from '../../proto/convert/dataset-spec.js';
import { type FieldViolation, readJobSpec } from '../../proto/convert/job-spec.js';
import { halotile } from '../../proto/gen/messages.js';
import { readPlaces } from '../../threads/places/place-reader.js';
import { type ErrorRecord, fromErrorRecord, toErrorRecord } from '../../tiling/errors.js';
import type { AnyJobSpec, CollectionSpec } from '../../tiling/job/collection-spec.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import type { PrepareOptions } from '../../tiling/prepare/job-rasters.js';
import type { PlanQuestions } from '../../tiling/prepare/prepare-plan.js';
import type { PreparedTable } from '../../tiling/prepare/prepare-table.js';
import { StorageRoots } from '../../tiling/sources/storage-roots.js';
import type { Restart } from '../../tiling/stitch/output-owner.js';
import { type CheckedCollection, checkedCollection, type LookTerms } from '../collection/checked-collection.js';
import type { FoundFrames } from '../dataset/frames/find-frames.js';
import { checkedDataset } from '../dataset/run-dataset.js';
import type { Follow } from '../follow/follow.js';
import { readFollow } from '../follow/read-follow.js';
import { DIRECT_PLANNER, type PlannedJob } from '../job/prepare-job.js';
import { discardOutput } from './discard-output.js';
import { type Owner, Places, type RootRight } from './places.js';
import { Uploads } from './uploads.js';

readPlaces();

/** Where the names of specs lie. */
export interface PlanningSite {
  readonly roots: Readonly<Record<string, string>>;
  readonly uploads: string;
  readonly results: string;
}

/** Everything but the spec of a SubmitJob, and the spec as it was checked. */
export interface CheckedSubmission
  extends Omit<halotile.v1.ISubmitJobRequest, 'spec' | 'dataset' | 'collection' | 'followUps' | 'webhooks'> {
  readonly spec: AnyJobSpec;
  /** What is to follow the job. */
  readonly follow: Pick<Follow, 'nodes' | 'webhooks'>;
}

/** An error comes back as data; of a refused request with its fields. */
export type PlanningAnswer<T> = { readonly value: T } | { readonly error: ErrorRecord } | Refusal;

/** What is wrong with a request by its fields, and how much more is. */
interface Refusal {
  readonly violations: readonly FieldViolation[];
  readonly unnamed: number;
}

/** An output, whose it is to be, and what of it that one may discard. */
export interface DiscardRequest {
  readonly output: string;
  readonly owner: Owner;
  readonly restart: Restart;
}

/** A question to the main thread's executor as it crosses. */
export interface Question {
  /** Of the request that is worked on. */
  readonly id: number;
  readonly method: Exclude<keyof PlanQuestions, 'slots'>;
  readonly args: readonly unknown[];
  /** Takes the answer. */
  readonly port: MessagePort;
}

/** What comes with every request that may take its time. */
interface Paced {
  /** Tells its questions from those of others. */
  readonly id: number;
  /** Shared with the main thread, which sees by it that the request gets on. */
  readonly beats: Int32Array;
}

/** How often a thread that plans says that it gets on. */
const BEAT_MS = 1000;
/** Names that one request may hold. */
const MAX_IMAGES = 10_000;
const MAX_FRAMES = 1_000;
/** Violations that an answer names one by one; a status holds far fewer. */
const MAX_VIOLATIONS = 100;

const { roots, uploads, results } = site as PlanningSite;
const places = new Places(
  new StorageRoots(roots),
  new Uploads(uploads, { maxFileBytes: 0, maxPrincipalBytes: 0, maxPrincipalFiles: 0, maxPrincipalOpen: 0 }, Date.now),
  results,
);

/** A SubmitJob, decoded and checked: its fields, its names, its operations' files. */
export function submission({ bytes, owner }: { bytes: Uint8Array; owner: Owner }): PlanningAnswer<CheckedSubmission> {
  return refused(() => {
    const { spec, dataset, collection, followUps, webhooks, ...rest } = halotile.v1.SubmitJobRequest.decode(bytes);
    if ([spec, dataset, collection].filter((each) => each).length > 1) {
      return oneViolation('spec', 'a job has one of spec, dataset and collection');
    }
    const checked = dataset
      ? checkDataset(dataset, owner)
      : collection
        ? checkCollection(collection, owner)
        : checkSpec(spec ?? {}, owner);
    if (!('value' in checked)) return checked;
    const { follow, violations } = readFollow({ ...rest, followUps, webhooks }, checked.value.output);
    if (violations.length > 0) return cut(violations);
    return { value: { ...rest, spec: checked.value, follow } };
  });
}

/** The job of a PlanJob with real paths, checked. */
export function planRequest({ bytes, owner }: { bytes: Uint8Array; owner: Owner }): PlanningAnswer<JobSpec> {
  return refused(() => {
    const { spec } = halotile.v1.PlanJobRequest.decode(bytes);
    const checked = checkSpec(spec ?? {}, owner);
    if (!('value' in checked)) return checked;
    return { value: places.resolve(checked.value, owner, 'new') };
  });
}

/** Removes what unfinished jobs left of an output below a root. */
export async function discard({ output, owner, restart }: DiscardRequest): Promise<PlanningAnswer<null>> {
  try {
    await discardOutput(places.rootedOutput(output, owner), { restart, principal: owner.principal });
    return { value: null };
  } catch (error) {
    return { error: toErrorRecord(error, 'output-failed') };
  }
}

/** A job's spec with real paths. */
export function resolved(request: { spec: AnyJobSpec; owner: Owner; id: string }): PlanningAnswer<AnyJobSpec> {
  return refused(() => ({ value: places.resolve(request.spec, request.owner, request.id) }));
}

/** A job's inputs, opened, and its plan; what needs an executor is asked of the main thread. */
export function plan(
  request: Paced & {
    spec: JobSpec;
    machine: PlanMachine;
    prepare: PrepareOptions;
    slots: number;
  },
): Promise<PlanningAnswer<PlannedJob>> {
  const { spec, machine, prepare, slots, id } = request;
  const questions = questionsOf(id, slots);
  return beating(request, () => DIRECT_PLANNER.plan(spec, { machine, prepare, questions }));
}

/** The labels of a job whose output is a table, and what is measured under them, opened. */
export function table(
  request: Paced & { spec: JobSpec; prepare: PrepareOptions },
): Promise<PlanningAnswer<PreparedTable>> {
  return beating(request, () => DIRECT_PLANNER.table(request.spec, request.prepare));
}

/** The frames of a dataset with real paths, all of them the owner's to read. */
export function frames(
  request: Paced & { job: DatasetSpec; owner: Owner },
): Promise<PlanningAnswer<Pick<FoundFrames, 'packed' | 'passedOver'>>> {
  const { job, owner } = request;
  // Images named one by one were judged when they were resolved.
  const named = new Set(job.images.flatMap(({ image, map }) => (map === undefined ? [image] : [image, map])));
  return beating(request, async () => {
    const { packed, passedOver } = await checkedDataset(job, (path) => {
      if (!named.has(path)) places.allowsBelow(path, 'read', owner);
    });
    return { packed, passedOver };
  });
}

/** The images of a collection with real paths, looked over. */
export function images(
  request: Paced & { job: CollectionSpec; terms: LookTerms; owner: Owner },
): Promise<PlanningAnswer<CheckedCollection>> {
  const { job, terms, owner } = request;
  const named = new Set(
    job.images.flatMap((each) => (typeof each === 'string' ? [] : [each.image, ...(each.map ? [each.map] : [])])),
  );
  // Names without a root were judged when they were resolved: uploads, and downloads below the results.
  const allow = (path: string, right: RootRight) => {
    if (right === 'read' ? !named.has(path) : !places.isResult(path)) places.allowsBelow(path, right, owner);
  };
  return beating(request, () => checkedCollection(job, terms, { allow, nowSeconds: () => performance.now() / 1000 }));
}

/** Answers with what takes its time: only a stretch of computing without a beat is held against the deadline. */
async function beating<T>({ beats }: Paced, act: () => Promise<T>): Promise<PlanningAnswer<T>> {
  const beat = () => Atomics.add(beats, 0, 1);
  beat();
  const timer = setInterval(beat, BEAT_MS);
  try {
    return { value: await act() };
  } catch (error) {
    return { error: toErrorRecord(error, 'tile-failed') };
  } finally {
    clearInterval(timer);
  }
}

function checkSpec(message: halotile.v1.IJobSpec, owner: Owner): PlanningAnswer<JobSpec> {
  const reading = readJobSpec(message);
  const violations = reading.ok ? places.check(reading.spec, owner) : reading.violations;
  return reading.ok && violations.length === 0 ? { value: reading.spec } : under('spec', violations);
}

function checkDataset(message: halotile.v1.IDatasetSpec, owner: Owner): PlanningAnswer<DatasetSpec> {
  for (const [field, limit] of [
    ['images', MAX_IMAGES],
    ['frames', MAX_FRAMES],
  ] as const) {
    const count = message[field]?.length ?? 0;
    if (count <= limit) continue;
    const remedy = 'name a folder or a manifest below a storage root instead, or split the job by characters';
    return oneViolation(`dataset.${field}`, `${count} names; expected at most ${limit}; ${remedy}`);
  }
  const reading = readDatasetSpec(message);
  const violations = reading.ok ? places.check(reading.spec, owner) : reading.violations;
  return reading.ok && violations.length === 0 ? { value: reading.spec } : under('dataset', violations);
}

function checkCollection(message: halotile.v1.ICollectionSpec, owner: Owner): PlanningAnswer<CollectionSpec> {
  for (const [field, limit] of [
    ['named', MAX_IMAGES],
    ['images', MAX_FRAMES],
  ] as const) {
    const count = message[field]?.length ?? 0;
    if (count <= limit) continue;
    const remedy = 'name a folder, a pattern or a manifest below a storage root instead';
    return oneViolation(`collection.${field}`, `${count} names; expected at most ${limit}; ${remedy}`);
  }
  const reading = readCollectionSpec(message);
  const violations = reading.ok ? places.check(reading.spec, owner) : reading.violations;
  return reading.ok && violations.length === 0 ? { value: reading.spec } : under('collection', violations);
}

function oneViolation(field: string, description: string): Refusal {
  return cut([{ field, description }]);
}

function cut(violations: readonly FieldViolation[]): Refusal {
  const unnamed = Math.max(0, violations.length - MAX_VIOLATIONS);
  return { violations: violations.slice(0, MAX_VIOLATIONS), unnamed };
}

/** Violations below the request's field, as many as an answer may hold. */
function under(parent: string, violations: readonly FieldViolation[]): Refusal {
  const { violations: named, unnamed } = cut(violations);
  const below = (field: string) => (field === '' ? parent : `${parent}.${field}`);
  return { violations: named.map(({ field, description }) => ({ field: below(field), description })), unnamed };
}

function refused<T>(check: () => PlanningAnswer<T>): PlanningAnswer<T> {
  try {
    return check();
  } catch (error) {
    return { error: toErrorRecord(error, 'bad-usage') };
  }
}

/** What the main thread's executor answers to a request. Few plans ask anything: a channel is made for each question. */
function questionsOf(id: number, slots: number): PlanQuestions {
  const ask = <T>(method: Question['method'], args: readonly unknown[]): Promise<T> =>
    new Promise((resolve, reject) => {
      const { port1, port2 } = new MessageChannel();
      port1.once('message', (answer: PlanningAnswer<T>) => {
        port1.close();
        if ('value' in answer) resolve(answer.value);
        else if ('error' in answer) reject(fromErrorRecord(answer.error));
      });
      parentPort!.postMessage({ id, method, args, port: port2 } satisfies Question, [port2]);
    });
  return {
    slots,
    largest: (source, data) => ask('largest', [source, data]),
    bitsOf: (source, data) => ask('bitsOf', [source, data]),
    shapeOf: (data) => ask('shapeOf', [data]),
  };
}
