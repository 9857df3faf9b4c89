import { randomBytes } from 'node:crypto';
import fs, { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { QueuedJob } from '../job-queue.js';

/** A job as it was submitted, and its place in the order of submissions. */
export interface StoredJob {
  readonly sequence: number;
  readonly job: QueuedJob;
}

/** All that storage knows of a job. */
export interface KnownJob extends StoredJob {
  /** The fencing number of its newest claim; 0 where it was never claimed. */
  readonly newestClaim: number;
  readonly isCancelAsked: boolean;
}

// Those of node:fs/promises take three times as long, each job takes some, and a Redis that has forgotten is filled from
// very many small files.
const [readFile, readdir, writeFile] = [promisify(fs.readFile), promisify(fs.readdir), promisify(fs.writeFile)];
const [mkdir, rename, link, unlink] = [
  promisify(fs.mkdir),
  promisify(fs.rename),
  promisify(fs.link),
  promisify(fs.unlink),
];

const SUBMITTED = 'job.json';
const ENDED = 'end.json';
const CANCEL = 'cancel';
const ID = /^[0-9a-f-]{36}$/;
const CLAIM = /^claim-(\d{9,16})$/;
/** A folder of jobs ends a group of ids once it has so many. */
const IDS_AT_ONCE = 250;
/** What a file system without hard links answers. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);
/** Specs name what their owners work on: nobody else on this machine reads them. */
const MODE = 0o600;

/**
 * What shared storage knows of each job, in a folder of its own: how it was submitted, who has claimed it, how it
 * ended. Redis holds references and may forget everything; from here all of it is found again, and a claim counts only
 * while no later one has made its folder.
 */
export class JobStore {
  readonly #directory: string;

  /** @param directory shared by all coordinators of the queue; made where absent */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * When it returns, the job survives the death of every process and of Redis. What a job of the same request left that was
   * forgotten is none of this one's, and goes.
   */
  async submit(stored: StoredJob): Promise<void> {
    const { id } = stored.job;
    const folder = this.#folder(id);
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
      if (code === 'EEXIST') await this.remove(id);
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
    await writeWhole(join(folder, SUBMITTED), stored);
  }

  /** The job as it was submitted or has ended; undefined where there is none, or nothing that can be read. */
  async read(id: string): Promise<StoredJob | undefined> {
    const folder = this.#folder(id);
    const submitted = await readWhole<StoredJob>(join(folder, SUBMITTED));
    const ended = submitted && (await readWhole<QueuedJob>(join(folder, ENDED)));
    return ended ? { ...submitted!, job: ended } : submitted;
  }

  /** All that is known of a job, in few reads; undefined as with {@link read}. */
  async known(id: string): Promise<KnownJob | undefined> {
    // Callers name jobs as they like.
    if (!ID.test(id)) return undefined;
    const folder = this.#folder(id);
    const names = await namesIn(folder);
    if (!names.includes(SUBMITTED)) return undefined;
    const submitted = await readWhole<StoredJob>(join(folder, SUBMITTED));
    if (submitted === undefined) return undefined;
    const ended = names.includes(ENDED) ? await readWhole<QueuedJob>(join(folder, ENDED)) : undefined;
    const { sequence, job } = submitted;
    return { sequence, job: ended ?? job, newestClaim: newestOf(names), isCancelAsked: names.includes(CANCEL) };
  }

  /** The fencing number of the newest claim of a job; 0 where it was never claimed. */
  newestClaim(id: string): number {
    const folder = this.#folder(id);
    return newestOf(existsSync(folder) ? readdirSync(folder) : []);
  }

  /** Claims a job; false where somebody else has claimed it under this number. */
  async claim(id: string, epoch: number): Promise<boolean> {
    try {
      await mkdir(join(this.#folder(id), claimName(epoch)), { mode: 0o700 });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** What became of a job: its newest claim as {@link newestClaim}, and how it has ended where it has. */
  async progress(id: string): Promise<{ readonly newestClaim: number; readonly ended: QueuedJob | undefined }> {
    const names = await namesIn(this.#folder(id));
    const ended = names.includes(ENDED) ? await readWhole<QueuedJob>(join(this.#folder(id), ENDED)) : undefined;
    return { newestClaim: newestOf(names), ended };
  }

  /** Stores how a job ended, unless it has ended before: the first end stays. @returns the one that stays */
  async end(job: QueuedJob): Promise<QueuedJob> {
    const path = join(this.#folder(job.id), ENDED);
    const isFirst = await writeWhole(path, job, { keepFirst: true });
    return (isFirst ? undefined : await readWhole<QueuedJob>(path)) ?? job;
  }

  /** Notes that a claimed job is to be cancelled. */
  async askCancel(id: string): Promise<void> {
    await writeFile(join(this.#folder(id), CANCEL), '', { mode: MODE });
  }

  isCancelAsked(id: string): boolean {
    return existsSync(join(this.#folder(id), CANCEL));
  }

  /** The job is as it was submitted, whatever ended it; its claims stay and go on counting. */
  async reopen(id: string): Promise<void> {
    await rm(join(this.#folder(id), CANCEL), { force: true });
    await rm(join(this.#folder(id), ENDED), { force: true });
  }

  async remove(id: string): Promise<void> {
    // How it was submitted goes first: the rest alone is no job.
    await rm(join(this.#folder(id), SUBMITTED), { force: true });
    await rm(this.#folder(id), { recursive: true, force: true });
  }

  /** The ids of all jobs, some hundreds at a time. */
  async *ids(): AsyncGenerator<string[]> {
    let some: string[] = [];
    for (const part of await namesIn(this.#directory)) {
      some.push(...(await namesIn(join(this.#directory, part))));
      if (some.length < IDS_AT_ONCE) continue;
      yield some;
      some = [];
    }
    if (some.length > 0) yield some;
  }

  #folder(id: string): string {
    return join(this.#directory, id.slice(0, 2), id);
  }
}

function newestOf(names: readonly string[]): number {
  return Math.max(0, ...names.map((name) => Number(CLAIM.exec(name)?.[1] ?? 0)));
}

function claimName(epoch: number): string {
  return `claim-${String(epoch).padStart(9, '0')}`;
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** A reader sees the whole file or none. @returns false where `keepFirst` is said and one is there, which stays */
async function writeWhole(path: string, content: unknown, { keepFirst = false } = {}): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, JSON.stringify(content), { mode: MODE, flag: 'wx' });
    if (keepFirst) return await linkFirst(temporary, path);
    await rename(temporary, path);
    return true;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A link is refused where there is a file; where the file system has no links, looking first must do. */
async function linkFirst(temporary: string, path: string): Promise<boolean> {
  let isFirst = true;
  try {
    await link(temporary, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && !NO_LINKS.has(code)) throw error;
    if (code !== 'EEXIST' && !existsSync(path)) {
      await rename(temporary, path);
      return true;
    }
    isFirst = false;
  }
  await unlink(temporary);
  return isFirst;
}

async function readWhole<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
