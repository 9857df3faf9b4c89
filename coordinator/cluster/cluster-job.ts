import { toPortable } from '../../proto/convert/portable.js';
import type { halotile } from '../../proto/gen/messages.js';
import { PLACES } from '../../threads/places/place-reader.js';
import { badInput, type ErrorRecord, fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { isUrl } from '../../tiling/places/url.js';
import type { BlockSource } from '../../tiling/raster/block-source.js';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';
import { openTiffSource, type TiffFileSource } from '../../tiling/sources/tiff-file-source.js';
import { type KindName, kindOf } from '../../tiling/work/index.js';
import type { InputRef, OutputRef, RasterRef, RemoteRaster, SourceRef } from '../../tiling/work/references.js';
import type { Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { BlockStore } from './block-store.js';
import type { GrantedWork } from './expected-result.js';
import { heldSource } from './held-file.js';
import type { InlineSource, PieceRef } from './inline-reads.js';
import { NoResult } from './no-result.js';
import { type BroughtFiles, OutputStore, type PublishTerms } from './output-store.js';
import type { Looking } from './seen-files.js';

/** Tasks that were asked for, as the scheduler is told of them. */
export interface AddedTasks {
  readonly stage: number;
  readonly tiles: readonly number[];
  /** See the scheduler's `tiles-added`. */
  readonly divisible: boolean;
}

/** What a job's results are taken with. */
interface ClusterJobMeans extends Looking {
  readonly terms?: PublishTerms;
}

interface PendingTask {
  readonly task: Task;
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (error: unknown) => void;
}

type FileSource = Extract<SourceRef, { kind: 'file' }>;

/** Tasks of a stage are told apart by one number. */
const STAGE_STRIDE = 2 ** 32;

/** One job as the cluster runs it: tasks that were asked for, and the files behind inline transfers. */
export class ClusterJob {
  #job: WorkJob;
  readonly #roots: StorageRoots;
  readonly #pending = new Map<number, PendingTask>();
  readonly #sources = new Map<number, InlineSource>();
  /** Of rasters that tasks read, by path. */
  readonly #descriptions = new Map<string, string>();
  readonly #blocks: BlockStore | undefined;
  readonly #outputs: OutputStore;
  /** Of the next task of a job without a plan, whose tasks have no numbers of their own. */
  #nextIndex = 0;
  /** Headers of remote inputs, once they are asked for. */
  #headers: Promise<void> | undefined;
  /** Tasks that wait to be told to the scheduler. */
  #fresh: Task[] = [];

  constructor(job: WorkJob, roots: StorageRoots, { terms, ...looking }: ClusterJobMeans) {
    this.#job = job;
    this.#roots = roots;
    const { sink, plan, incoming } = job;
    if (sink?.kind === 'coordinator') throw new Error('a coordinator does not write through another one');
    this.#blocks = sink && new BlockStore(looking, sink, plan!);
    this.#outputs = new OutputStore(incoming, looking, terms);
  }

  /** Returns when workers may write files, and remote inputs can be described without waiting for their stores. */
  async open(): Promise<void> {
    await this.#outputs.open();
    this.#headers ??= PLACES.fetchHeaders(this.#job.inputs.map(({ source }) => asFile(source).path).filter(isUrl));
    await this.#headers;
  }

  /** A reduction has completed the plan's parameters; true where workers must hear of it. */
  update(job: WorkJob): boolean {
    const changed = job.plan !== this.#job.plan;
    this.#job = job;
    return changed;
  }

  /** The result of a task, when somebody commits it; `announce` is called once for many tasks. */
  run(asked: Task, announce: () => void): Promise<TaskResult> {
    const task = this.#job.plan === undefined ? { ...asked, index: this.#nextIndex++ } : asked;
    return new Promise((resolve, reject) => {
      this.#pending.set(keyOf(task), { task, resolve, reject });
      if (this.#fresh.length === 0) queueMicrotask(announce);
      this.#fresh.push(task);
    });
  }

  /** The tasks that were asked for since the last call. */
  takeFresh(): AddedTasks[] {
    const groups = new Map<string, { stage: number; tiles: number[]; divisible: boolean }>();
    for (const { kind, stage, index, data } of this.#fresh) {
      const divisible = (kindOf(kind).split?.(data).length ?? 1) > 1;
      const key = `${stage} ${divisible}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { stage, tiles: [index], divisible });
      else group.tiles.push(index);
    }
    this.#fresh = [];
    return [...groups.values()];
  }

  /** One task that was asked for fails. */
  reject(stage: number, index: number, failure: ErrorRecord): void {
    this.#take({ stage, index })?.reject(fromErrorRecord(failure));
  }

  /** Every task that was asked for fails. */
  rejectAll(error: ErrorRecord): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(fromErrorRecord(error));
  }

  /** A result counts: its files go to their places, then whoever asked for it has it. */
  async resolve(brought: BroughtFiles): Promise<void> {
    const { result } = brought;
    const pending = this.#take(result.task);
    if (pending === undefined) return;
    const { kind, data } = pending.task;
    try {
      const outputs = outputsOf(pending.task);
      const spilled = result.files.length > 0 ? await this.#outputs.take(brought, outputs) : new Map();
      const value = kindOf(kind).stored?.(result.value, data, spilled) ?? result.value;
      pending.resolve({ ...result, value } as TaskResult);
    } catch (error) {
      pending.reject(error);
    }
  }

  /** Whether its tasks are tiles of a plan's stages. */
  get isPlanned(): boolean {
    return this.#job.plan !== undefined;
  }

  /** Of a task that somebody waits for. */
  kindOf(name: Pick<Task, 'stage' | 'index'>): string | undefined {
    return this.#pending.get(keyOf(name))?.task.kind;
  }

  /** Where blocks that travel with results go. */
  get blocks(): BlockStore {
    if (this.#blocks !== undefined) return this.#blocks;
    throw badInput({ what: 'the job takes no blocks', where: this.#job.key });
  }

  /**
   * A task that a worker was granted.
   * @throws not-found where nobody waits for it any more
   */
  granted(name: Pick<Task, 'stage' | 'index'>): GrantedWork {
    return { task: this.#waiting(name).task, job: this.#job };
  }

  /**
   * Holds a result against its task, if anybody waits for it still.
   * @throws NoResult; output-failed where a file that a worker wrote by itself is not visible here
   */
  async check(brought: BroughtFiles): Promise<void> {
    const { task, value } = brought.result;
    const pending = this.#pending.get(keyOf(task));
    if (pending !== undefined && !this.#isValue(pending.task, value)) {
      throw new NoResult({
        what: 'its value does not say what was asked for',
        where: `task ${task.index} of stage ${task.stage}`,
        expected: `what a task of kind ${pending.task.kind} says`,
      });
    }
    if (brought.result.files.length > 0) await this.#outputs.check(brought);
  }

  #isValue({ kind, stage, index, data }: Task, value: unknown): boolean {
    return kindOf(kind).isValue?.(value, { data, stage, index, job: this.#job }) ?? false;
  }

  /** @throws not-found where the job has no such input */
  input(position: number): InlineSource {
    let opened = this.#sources.get(position);
    if (opened === undefined) {
      const input = this.#job.inputs[position];
      if (input === undefined) throw new HalotileError('not-found', { what: `the job has no input ${position}` });
      opened = openInline(asFile(input.source));
      this.#sources.set(position, opened);
    }
    return opened;
  }

  /**
   * A raster that a task reads, opened for the caller, who closes it.
   * @throws not-found where nobody waits for the task any more
   */
  taskRaster(task: Pick<Task, 'stage' | 'index'>, position: number): InlineSource {
    const ref = this.#inputOf(task, position);
    if (ref?.form === 'raster') return openInline({ kind: 'file', ...ref });
    throw badInput({ what: 'the task has no such raster', where: `input ${position}` });
  }

  /**
   * The files and pieces that a task reads, by position.
   * @throws not-found where nobody waits for the task any more
   */
  pieces(name: Pick<Task, 'stage' | 'index'>): (position: number) => PieceRef | undefined {
    const refs = inputsOf(this.#waiting(name).task);
    const dispensable = new Set(refs.map((ref) => (ref.form === 'file' ? ref.unless : undefined)));
    return (position) => {
      const ref = refs[position];
      return ref?.form === 'file' ? { ...ref, mayBeLost: dispensable.has(position) } : undefined;
    };
  }

  /** What a worker needs to open the job, by reference where it sees the root. */
  describe(visible: ReadonlySet<string>): halotile.v1.IOpenJob {
    const { key, plan, inputs, sink, boundedBackend, incoming } = this.#job;
    const stored = sink as Exclude<typeof sink, { kind: 'coordinator' }>;
    return {
      key,
      planJson: plan === undefined ? '' : toPortable(plan),
      boundedBackend: boundedBackend ?? '',
      inputs: inputs.map(({ name, source }, position) => {
        const { path, directory } = asFile(source);
        const sourceJson = toPortable({ ...describeRaster(this.input(position).source), directory });
        return { name, place: this.#placeOf(path, visible), sourceJson };
      }),
      ...(incoming !== undefined && { incoming: this.#placeOf(incoming, visible) }),
      ...(stored && {
        sink: {
          ...this.#placeOf(stored.kind === 'placed' ? stored.file : stored.partial, visible),
          placed: stored.kind === 'placed',
          epoch: stored.kind === 'placed' ? '' : stored.epoch,
          durable: stored.durable,
        },
      }),
    };
  }

  /** What a grant says beside its lease. */
  grant(name: { readonly stage: number; readonly index: number }, visible: ReadonlySet<string>): halotile.v1.IGrant {
    const { task } = this.#waiting(name);
    const spill = outputsOf(task).find((output) => output?.form === 'spill');
    return {
      kind: task.kind,
      dataJson: toPortable(task.data),
      inputs: inputsOf(task).map((ref) => ({
        place: this.#placeOf(ref.path, visible),
        ...(ref.form === 'raster' && { sourceJson: this.#description(ref) }),
      })),
      ...(spill?.form === 'spill' && { spill: this.#placeOf(spill.folder, visible) }),
    };
  }

  /** Closes its files, each when nobody reads it any more; returns when nothing is written any more. */
  async close(): Promise<void> {
    for (const { file } of this.#sources.values()) file.release();
    this.#sources.clear();
    await this.#blocks?.close();
    await this.#outputs.close();
  }

  #placeOf(path: string, visible: ReadonlySet<string>): halotile.v1.IFilePlace {
    // Whether it may be read there is for whoever runs the worker to say.
    if (isUrl(path)) return { root: '', path: '', url: path };
    const found = this.#roots.rootOf(path);
    return found !== undefined && visible.has(found.root) ? found : { root: '', path: '' };
  }

  #description(ref: RasterRef): string {
    let text = this.#descriptions.get(ref.path);
    if (text === undefined) {
      const { source } = openInline({ kind: 'file', ...ref });
      text = toPortable(describeRaster(source));
      source.close();
      this.#descriptions.set(ref.path, text);
    }
    return text;
  }

  #inputOf(name: Pick<Task, 'stage' | 'index'>, position: number): InputRef | undefined {
    return inputsOf(this.#waiting(name).task)[position];
  }

  #waiting(name: Pick<Task, 'stage' | 'index'>): PendingTask {
    const pending = this.#pending.get(keyOf(name));
    if (pending !== undefined) return pending;
    throw new HalotileError('not-found', { what: 'nobody waits for this task any more', where: this.#job.key });
  }

  #take(name: Pick<Task, 'stage' | 'index'>): PendingTask | undefined {
    const key = keyOf(name);
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    return pending;
  }
}

function keyOf({ stage, index }: Pick<Task, 'stage' | 'index'>): number {
  return stage * STAGE_STRIDE + index;
}

function inputsOf({ kind, data }: Task<KindName>): readonly InputRef[] {
  return kindOf(kind).reads?.(data) ?? [];
}

function outputsOf({ kind, data }: Task<KindName>): readonly (OutputRef | null)[] {
  return kindOf(kind).writes?.(data) ?? [];
}

function openInline({ path, directory, info }: FileSource): InlineSource & { readonly source: TiffFileSource } {
  const source = openTiffSource(path, { blocksChecked: true, directory, info });
  return { source, file: heldSource(source) };
}

function asFile(ref: SourceRef): FileSource {
  if (ref.kind !== 'file') throw new Error('a coordinator does not read through another one');
  return ref;
}

/** A raster as workers are told of it. */
function describeRaster({ name, info, layout, codecContext, readRaw }: BlockSource): RemoteRaster {
  return { name: name.split('/').at(-1)!, info, layout, codecContext, raw: readRaw !== undefined };
}
