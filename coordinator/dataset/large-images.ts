import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HalotileError } from '../../tiling/errors.js';
import { area, type Size } from '../../tiling/geometry/rect.js';
import { type ImageChain, imageJobOf } from '../../tiling/job/dataset-spec.js';
import { inputPaths } from '../../tiling/job/job-inputs.js';
import { type JobSpec, jobSpecSchema } from '../../tiling/job/job-spec.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import { packRgb } from '../../tiling/palette/nearest-colour.js';
import { filterStage } from '../../tiling/plan/levels.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { completeReduction } from '../../tiling/plan/reductions.js';
import { type PreparedInputs, prepareInputs, prepareOptions, sourcesOf } from '../../tiling/prepare/job-rasters.js';
import { preparePlan } from '../../tiling/prepare/prepare-plan.js';
import { type Fingerprint, seenFiles } from '../../tiling/sources/fingerprint.js';
import { CommittedTiles } from '../../tiling/stitch/committed-tiles.js';
import type { Restart } from '../../tiling/stitch/output-owner.js';
import { jobDigest } from '../../tiling/stitch/partial.js';
import { committedTile } from '../../tiling/stitch/tile-ledger.js';
import type { FrameColours } from '../../tiling/work/frames.js';
import { type SampleData, type SampleValue, sampledSpans } from '../../tiling/work/sample.js';
import type { Executor, StageTask, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { boundedBackendOf } from '../job/bounded-backend.js';
import { halotileVersion, questionsTo } from '../job/prepare-job.js';
import { runJob } from '../job/run-job.js';
import { runStage } from '../job/run-stage.js';
import type { Frame } from './frames/frame-list.js';
import { LookLog } from './look-log.js';
import type { TaskGate } from './task-gate.js';

/** Longest side of the small image that stands for a large one in a report. */
const PREVIEW_SIDE = 128;

/** How far the tiles of one large image are. */
export interface LargeProgress {
  readonly image: string;
  readonly tilesDone: number;
  readonly tilesTotal: number;
}

/** How images that are never held whole pass their chain. */
export interface LargeImagesOptions {
  readonly executor: Executor;
  readonly machine: PlanMachine;
  readonly chain: ImageChain;
  readonly gate: TaskGate;
  readonly onProgress: (progress: LargeProgress) => void;
  /** Seconds on a monotonic clock. */
  readonly nowSeconds: () => number;
}

/** A large image that is planned, not read. */
export interface OpenedLarge {
  readonly name: string;
  readonly plan: Plan;
  readonly inputs: PreparedInputs;
  /** Of every file that it is read from. */
  readonly fingerprints: readonly Fingerprint[];
  /** Folder for what lies between. */
  readonly scratch: string;
}

/** What its tiles tell of a large image at its final size. */
export interface LargeLook {
  readonly counts: ColourCounts;
  readonly transparent: boolean;
  readonly translucent: boolean;
  /** Interleaved RGBA of the whole at its final size, where that can be held. */
  readonly rgba: Uint8Array | undefined;
  /** The same of a small image, no side longer than 128. */
  readonly preview: { readonly rgba: Uint8Array; readonly size: Size };
  readonly bytesRead: number;
}

/**
 * Images that are too large to be held pass through the stages of any image job: reductions that their chain waits
 * for, then either a look at the colours of each tile, or the filter that writes them in a palette's colours.
 */
export class LargeImages {
  readonly #options: LargeImagesOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LargeImagesOptions) {
    this.#options = options;
  }

  /**
   * Plans the chain of a large image; one whose format has no blocks is converted in `scratch` for it.
   * @throws HalotileError as an image job does
   */
  async open({ path, map, name }: Frame, scratch: string): Promise<OpenedLarge> {
    const { executor, machine, chain } = this.#options;
    mkdirSync(scratch, { recursive: true });
    const spec = imageJobOf(chain, { image: path, map, output: join(scratch, name) });
    const fingerprints = (await seenFiles(inputPaths(spec))).map(({ fingerprint }) => fingerprint);
    const inputs = await prepareInputs(spec, prepareOptions(machine, scratch));
    return {
      name,
      inputs,
      fingerprints,
      scratch,
      plan: await preparePlan(spec, inputs, machine, questionsTo(executor)),
    };
  }

  /**
   * Looks at the colours of an image at a size; `whole` keeps its pixels as well.
   * @throws HalotileError as an image job does
   */
  look(opened: OpenedLarge, size: Size, { whole }: { readonly whole: boolean }): Promise<LargeLook> {
    return this.#inTurn(() => this.#look(opened, size, whole));
  }

  /**
   * Writes an image in the colours of a palette, as any image job writes its own: a tiled BigTIFF with overviews, whole
   * or not there. Returns nothing; a death costs no finished tile.
   * @throws HalotileError as an image job does
   */
  write(
    { path, map, name }: Frame,
    output: string,
    {
      size,
      colours,
      overviews,
    }: { readonly size: Size | null; readonly colours: FrameColours; readonly overviews: boolean },
  ): Promise<void> {
    const { chain } = this.#options;
    const list = (palette: FrameColours['palette']) => palette.map((rgb) => hexOf(packRgb(rgb))).join(' ');
    const { palette, target, dither, space } = colours;
    const params = {
      colours: list(palette),
      ...(target !== null && { target: list(target) }),
      dither,
      space,
      ...(chain.dtype !== undefined && { dtype: chain.dtype }),
      ...(size !== null && { size: `${size.width}x${size.height}` }),
    };
    const { dtype: _, ...options } = imageJobOf(chain, { image: path, map, output });
    const spec = jobSpecSchema.parse({
      ...options,
      operations: [...chain.operations, { name: 'palette', params }],
      compression: {},
      overviews,
    });
    return this.#inTurn(async () => {
      try {
        await this.#run(spec, `${name} in its palette`);
      } catch (error) {
        // Other options than those of an unfinished run, whose tiles are of no use any more.
        if (!(error instanceof HalotileError) || error.tag !== 'partial-conflict') throw error;
        await this.#run(spec, `${name} in its palette`, 'any');
      }
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      this.#options.gate.signal.throwIfAborted();
      return work();
    });
    this.#last = done.catch(() => {});
    return done;
  }

  async #run(spec: JobSpec, image: string, restart?: Restart): Promise<void> {
    const { executor, machine, gate, onProgress, nowSeconds } = this.#options;
    await runJob({
      ...{ spec, executor, machine, restart, signal: gate.signal, nowSeconds },
      onProgress: ({ tilesDone, tilesTotal }) => onProgress({ image, tilesDone, tilesTotal }),
    });
  }

  async #look(
    { name, plan, inputs, fingerprints, scratch }: OpenedLarge,
    size: Size,
    whole: boolean,
  ): Promise<LargeLook> {
    const { executor, gate, onProgress } = this.#options;
    const { signal } = gate;
    let job: WorkJob & { readonly plan: Plan } = {
      ...{ key: `look:${inputs.image.plan.path}#${randomUUID()}`, plan, inputs: sourcesOf(inputs) },
      boundedBackend: boundedBackendOf(plan, executor, undefined),
    };
    const tilesTotal = plan.stages.reduce(
      (sum, { kind, across, down }) => sum + (kind === 'overview' ? 0 : across * down),
      0,
    );
    let tilesDone = 0;
    const counted = (result: TaskResult) => {
      tilesDone++;
      onProgress({ image: name, tilesDone, tilesTotal });
      return result;
    };
    const committed = new CommittedTiles(plan, (part) => part);
    try {
      for (const [index, stage] of plan.stages.entries()) {
        if (stage.kind !== 'reduce') continue;
        const commit = (result: TaskResult) => committed.add(committedTile(counted(result), ''));
        await runStage(executor, { job, sequences: committed.sequences(index), commit, signal });
        job = { ...job, plan: completeReduction(job.plan, stage.operation!, committed.partialsOf(index)) };
      }
      return await this.#gather(job, fingerprints, { size, whole, scratch, counted, committed });
    } finally {
      await executor.closeJob(job.key);
    }
  }

  /** Runs the tiles that no earlier run has looked at. */
  async #gather(
    job: WorkJob & { readonly plan: Plan },
    fingerprints: readonly Fingerprint[],
    look: {
      readonly size: Size;
      readonly whole: boolean;
      readonly scratch: string;
      readonly counted: (result: TaskResult) => TaskResult;
      readonly committed: CommittedTiles;
    },
  ): Promise<LargeLook> {
    const { executor, gate } = this.#options;
    const { size, whole, scratch, counted, committed } = look;
    const gathering = new Gathering(job.plan, size, whole);
    const log = new LookLog(scratch, lookKey(job.plan, fingerprints, size, whole));
    try {
      const known = new Set<number>();
      log.forEach({ plan: job.plan, data: gathering.asked }, (tileIndex, value) => {
        known.add(tileIndex);
        gathering.add(tileIndex, value);
      });
      await runStage(executor, {
        ...{ job, sequences: gathering.tasks(known, committed), signal: gate.signal },
        commit: (result) => {
          const { task, value, counts } = counted(result) as TaskResult<'sample'>;
          log.add(task.index, value);
          gathering.add(task.index, value);
          gathering.bytesRead += counts.bytesRead;
        },
      });
      return gathering;
    } finally {
      log.close();
    }
  }
}

function lookKey(plan: Plan, fingerprints: readonly Fingerprint[], size: Size, whole: boolean): string {
  return jobDigest({ version: halotileVersion(), plan, fingerprints, size, whole }).slice(0, 24);
}

/** What sample tasks tell, put together. */
class Gathering implements LargeLook {
  readonly counts = new ColourCounts();
  transparent = false;
  translucent = false;
  bytesRead = 0;
  readonly rgba: Uint8Array | undefined;
  readonly preview: { readonly rgba: Uint8Array; readonly size: Size };
  /** Of each tile. */
  readonly asked: SampleData;
  readonly #plan: Plan;
  readonly #size: Size;

  constructor(plan: Plan, size: Size, whole: boolean) {
    this.#plan = plan;
    this.#size = size;
    this.rgba = whole ? new Uint8Array(area(size) * 4) : undefined;
    const share = Math.min(1, PREVIEW_SIDE / Math.max(size.width, size.height));
    const side = (length: number) => Math.max(1, Math.round(length * share));
    const small = { width: side(size.width), height: side(size.height) };
    this.preview = { rgba: new Uint8Array(area(small) * 4), size: small };
    this.asked = { size, preview: small, whole };
  }

  /** The tiles that are not known yet. */
  *tasks(known: ReadonlySet<number>, committed: CommittedTiles): Generator<StageTask[]> {
    const stage = this.#plan.stages.findIndex(({ kind }) => kind === 'filter');
    const { across, down } = filterStage(this.#plan);
    const bandsOf = committed.bandsOf(stage);
    for (let index = 0; index < across * down; index++) {
      if (!known.has(index)) yield [{ kind: 'sample', stage, index, data: { ...this.asked, bands: bandsOf(index) } }];
    }
  }

  add(tileIndex: number, value: SampleValue): void {
    const { transparent, translucent } = value;
    this.counts.merge(ColourCounts.fromBytes(value.counts));
    this.transparent ||= transparent;
    this.translucent ||= translucent;
    this.#place(tileIndex, this.preview, value.preview);
    if (this.rgba !== undefined) this.#place(tileIndex, { rgba: this.rgba, size: this.#size }, value.rgba);
  }

  /** Puts the pixels that a downscale takes of a tile to where they are in the downscaled image. */
  #place(tileIndex: number, into: LargeLook['preview'], rgba: SampleValue['preview']): void {
    const { columns, rows } = sampledSpans(this.#plan, tileIndex, into.size);
    for (let row = 0; row < rows.count; row++) {
      const from = row * columns.count * 4;
      const to = ((rows.first + row) * into.size.width + columns.first) * 4;
      into.rgba.set(rgba.subarray(from, from + columns.count * 4), to);
    }
  }
}

function hexOf(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, '0')}`;
}
