import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Follow, followSchema, isOver } from './follow.js';

const OPEN = '.open.json';
const OVER = '.over.json';
const TURN = '.turn';
/** Somebody who has taken a turn and not given it back for so long is dead. */
const TURN_MS = 60_000;
const MODE = 0o600;

/**
 * What follows jobs, a file each beside the queue: coordinators that share the folder share it, and a Redis that forgot
 * everything loses none of it. Secrets of webhooks lie here and nowhere else.
 */
export class FollowStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Notes what follows a job, unless that is known. */
  async register(follow: Follow): Promise<void> {
    if ((await this.read(follow.jobId)) !== undefined) return;
    await this.write(follow);
  }

  async read(jobId: string): Promise<Follow | undefined> {
    return (await this.#readFile(jobId, OPEN)) ?? (await this.#readFile(jobId, OVER));
  }

  async write(follow: Follow): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const [suffix, other] =
      isOver(follow) && follow.deliveries.length + follow.nodes.length > 0 ? [OVER, OPEN] : [OPEN, OVER];
    const path = this.#path(follow.jobId, suffix);
    const temporary = `${path}.${randomBytes(6).toString('hex')}`;
    try {
      await writeFile(temporary, JSON.stringify(follow), { mode: MODE, flag: 'wx' });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await rm(this.#path(follow.jobId, other), { force: true });
  }

  async remove(jobId: string): Promise<void> {
    for (const suffix of [OPEN, OVER]) await rm(this.#path(jobId, suffix), { force: true });
  }

  /** The jobs of which something may still follow; with `all`, those too of which nothing does. */
  async ids({ all = false } = {}): Promise<string[]> {
    const names = await readdir(this.#directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [] as string[];
      throw error;
    });
    const suffixes = all ? [OPEN, OVER] : [OPEN];
    return names.flatMap((name) => {
      const suffix = suffixes.find((each) => name.endsWith(each));
      return suffix === undefined ? [] : name.slice(0, -suffix.length);
    });
  }

  /** Does something for a job as the only coordinator; not at all where another one does. */
  async inTurn(jobId: string, act: () => Promise<void>): Promise<void> {
    const turn = this.#path(jobId, TURN);
    try {
      await mkdir(turn, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const taken = await stat(turn).catch(() => undefined);
      if (taken !== undefined && Date.now() - taken.mtimeMs > TURN_MS) await rmdir(turn).catch(() => {});
      return;
    }
    try {
      await act();
    } finally {
      await rmdir(turn).catch(() => {});
    }
  }

  async #readFile(jobId: string, suffix: string): Promise<Follow | undefined> {
    const path = this.#path(jobId, suffix);
    // Nothing follows most jobs, and each is asked for several times: an error is a dear answer to that.
    if (!existsSync(path)) return undefined;
    try {
      return followSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
    } catch (error) {
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #path(jobId: string, suffix: string): string {
    return join(this.#directory, `${jobId}${suffix}`);
  }
}
