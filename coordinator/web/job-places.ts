import { existsSync } from 'node:fs';
import type { PictureName } from '../../proto/page/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import { isUrl } from '../../tiling/places/url.js';
import { partialOwner, partialPaths } from '../../tiling/stitch/partial.js';
import { type Caller, maySee } from '../api/access.js';
import { stagingPlace } from '../job/output-place.js';
import type { JobQueue, QueuedJob } from '../queue/job-queue.js';
import { isOpen } from '../queue/transitions.js';
import type { Places } from '../service/places.js';
import { resultFile } from '../service/result-files.js';
import { finishedFile, isThere } from './moved-output.js';
import type { PicturePlace } from './picture-thread.js';

/** `JOB.input`, `JOB.map`, `JOB.output`, or `JOB.file.` and the name of a file of its output in base64url. */
const PICTURE_ID = /^(?<job>[A-Za-z0-9-]{1,64})\.(?:(?<role>input|map|output)|file\.(?<file>[A-Za-z0-9_-]{1,1400}))$/;
/** Where a name leads is looked up again after so long; a page asks for dozens of pieces a second. */
const KEPT_MS = 2_000;
const MAX_KEPT = 500;

/** The jobs and files that a caller may see, by the names that the page has for them. */
export class JobPlaces {
  readonly #queue: JobQueue;
  readonly #places: Places;
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, { readonly place: PicturePlace; readonly untilMs: number }>();

  constructor(queue: JobQueue, places: Places, nowMs: () => number) {
    this.#queue = queue;
    this.#places = places;
    this.#nowMs = nowMs;
  }

  /** @throws not-found where there is none, or it is somebody else's */
  async visible(id: string, caller: Caller): Promise<QueuedJob> {
    const job = /^[A-Za-z0-9-]{1,64}$/.test(id) ? await this.#queue.get(id) : undefined;
    if (job !== undefined && maySee(job, caller)) return job;
    throw new HalotileError('not-found', { what: 'no such job', job: id.slice(0, 64) });
  }

  /** The pictures of a job that are there now. */
  picturesOf(job: QueuedJob, caller: Caller): PictureName[] {
    const { id, spec } = job;
    if (!('image' in spec)) return [];
    const names: PictureName[] = [{ id: `${id}.input`, label: spec.image, role: 'input' }];
    if (spec.map !== undefined) names.push({ id: `${id}.map`, label: spec.map, role: 'map' });
    if (this.#outputPlace(job, caller) !== undefined)
      names.push({ id: `${id}.output`, label: spec.output, role: 'output' });
    return names;
  }

  /** @throws not-found where there is no picture that the caller may see */
  async placeOf(picture: string, caller: Caller): Promise<PicturePlace> {
    const key = JSON.stringify([caller.principal, caller.role, picture]);
    const kept = this.#kept.get(key);
    const known = kept !== undefined && kept.untilMs > this.#nowMs() ? kept.place : undefined;
    if (known !== undefined && isThere(known)) return known;
    const place = await this.#look(picture, caller).catch((error: unknown) => {
      // The output is in its place a moment before the queue says that the job is done.
      const moved = known && finishedFile(known);
      if (moved === undefined) throw error;
      return moved;
    });
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(key, { place, untilMs: this.#nowMs() + KEPT_MS });
    return place;
  }

  /** The output of a job over one image, finished or not; undefined while none is there. */
  outputOf(id: string, caller: Caller): Promise<PicturePlace | undefined> {
    return this.placeOf(`${id}.output`, caller).catch((error: unknown) => {
      if (error instanceof HalotileError) return undefined;
      throw error;
    });
  }

  #unfinished(job: QueuedJob, caller: Caller): PicturePlace | undefined {
    const output = this.#paths(job, caller)?.output;
    const path = output && (isUrl(output) ? stagingPlace(output) : output);
    if (path === undefined || job.state === 'succeeded') return undefined;
    const paths = partialPaths(path);
    if (!existsSync(paths.job)) return undefined;
    // Under a name that two principals use, each sees its own.
    const owner = partialOwner(paths);
    return owner?.principal === job.principal ? { path, unfinished: true } : undefined;
  }

  /** The folder of a finished job over many images. @throws not-ready, not-found */
  resultFolder(job: QueuedJob): string {
    if (job.state !== 'succeeded')
      throw new HalotileError('not-ready', { what: `the job is ${job.state}`, job: job.id });
    return this.#places.resultOf(job.spec, job.id);
  }

  async #look(picture: string, caller: Caller): Promise<PicturePlace> {
    const { job: id = '', role, file } = PICTURE_ID.exec(picture)?.groups ?? {};
    const job = await this.visible(id, caller);
    if (file !== undefined) {
      const name = Buffer.from(file, 'base64url').toString('utf8');
      return { path: resultFile(this.resultFolder(job), name), unfinished: false };
    }
    const paths = this.#paths(job, caller);
    if (role === 'output') {
      const place = this.#outputPlace(job, caller);
      if (place !== undefined) return place;
    } else if (paths !== undefined) {
      const { image, map, page, orient, colour } = paths;
      if (role === 'input') return { path: image, unfinished: false, wanted: { page, orient, colour } };
      if (map !== undefined) return { path: map, unfinished: false };
    }
    throw new HalotileError('not-found', { what: 'no such picture', where: picture.slice(0, 80) });
  }

  #outputPlace(job: QueuedJob, caller: Caller): PicturePlace | undefined {
    if (job.state !== 'succeeded') return this.#unfinished(job, caller);
    const path = this.#paths(job, caller)?.output;
    return path === undefined ? undefined : finishedFile({ path, unfinished: true });
  }

  /** Real paths of a job over one image, as far as the caller may use its roots now. */
  #paths({ spec, principal, id }: QueuedJob, { roots }: Caller) {
    if (!('image' in spec)) return undefined;
    try {
      return this.#places.resolve(spec, { principal, roots }, id);
    } catch (error) {
      if (error instanceof HalotileError) return undefined;
      throw error;
    }
  }
}

/** Whether a job can still change. */
export function mayChange({ state }: QueuedJob): boolean {
  return isOpen(state);
}
