import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../tiling/log.js';
import type { JobQueue, QueuedJob } from '../queue/job-queue.js';
import { expired, type KeepLimits, type Kept } from './expiry.js';
import { namedUploads } from './places.js';
import type { Uploads } from './uploads.js';

/** What is kept where, and within which limits. */
export interface RetentionOptions {
  readonly queue: JobQueue;
  readonly uploads: Uploads;
  /** Holds a directory for each job that was to be downloaded. */
  readonly results: string;
  readonly limits: KeepLimits;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly log: Log;
}

/** What is kept of uploads and of results to be downloaded. */
export interface HeldFiles {
  readonly uploads: number;
  readonly uploadBytes: number;
  readonly results: number;
  readonly resultBytes: number;
}

/** How often it is looked. */
const SWEEP_MS = 10 * 60_000;
const PAGE = 1000;

/** Removes uploads and results that nobody used for too long, or that are too many; open jobs keep theirs. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> = Promise.resolve();
  #held: HeldFiles = { uploads: 0, uploadBytes: 0, results: 0, resultBytes: 0 };

  constructor(options: RetentionOptions) {
    this.#options = options;
    const sweep = () => {
      this.sweep().catch((error: Error) => options.log(`expired files stay: ${error.message}`, { level: 'warn' }));
    };
    this.#timer = setInterval(sweep, SWEEP_MS);
    this.#timer.unref();
    sweep();
  }

  /** One look at everything, after one that is under way. */
  sweep(): Promise<void> {
    const looked = this.#sweeping.then(() => this.#look());
    this.#sweeping = looked.then(
      () => {},
      () => {},
    );
    return looked;
  }

  /** What the last look left. */
  get held(): HeldFiles {
    return this.#held;
  }

  async #look(): Promise<void> {
    const { queue, uploads, results, limits, nowMs, log } = this.#options;
    const open = new Map<string, QueuedJob>();
    for (let after: string | undefined; ; ) {
      const page = await queue.list({ states: ['queued', 'claimed'], pageSize: PAGE, after });
      for (const job of page.jobs) open.set(job.id, job);
      after = page.next;
      if (after === undefined) break;
    }
    const used = new Set([...open.values()].flatMap(({ spec, principal }) => namedUploads(spec, principal)));
    const fetched = await resultsIn(results, (id) => open.has(id));
    const sent = uploads.kept(used);
    const kept = [...sent, ...fetched];
    const gone = new Set<string>();
    for (const { directory, bytes } of expired(kept, limits, nowMs())) {
      await rm(directory, { recursive: true, force: true });
      log(`removed ${directory} (${bytes} bytes), kept long enough`);
      gone.add(directory);
    }
    const [ofUploads, ofResults] = [sent, fetched].map((files) =>
      files.filter(({ directory }) => !gone.has(directory)),
    );
    this.#held = {
      uploads: ofUploads!.length,
      uploadBytes: bytesOf(ofUploads!),
      results: ofResults!.length,
      resultBytes: bytesOf(ofResults!),
    };
    uploads.recount();
  }

  /** Returns when nothing is being removed any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }
}

function bytesOf(kept: readonly Kept[]): number {
  return kept.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function resultsIn(directory: string, isOpen: (job: string) => boolean): Promise<Kept[]> {
  const ids = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const kept: Kept[] = [];
  for (const id of ids) {
    const path = join(directory, id);
    let bytes = 0;
    let usedMs = (await stat(path)).mtimeMs;
    // A dataset's result is a folder.
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      const { size, mtimeMs } = await stat(join(entry.parentPath, entry.name));
      if (entry.isFile()) bytes += size;
      usedMs = Math.max(usedMs, mtimeMs);
    }
    kept.push({ directory: path, bytes, usedMs, held: isOpen(id) });
  }
  return kept;
}
