import { createHash, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { NEW_STATE, type Schedule, type ScheduleState, scheduleSchema, scheduleStateSchema } from './schedule.js';

const SCHEDULE = '.schedule.json';
const STATES = '.states';
const STATE_NAME = /^(\d{1,15})\.json$/;
const MODE = 0o600;
/** A schedule may hold a job of as many images as a message takes. */
const MAX_BYTES = 16 << 20;

interface Cached {
  readonly stamp: string;
  readonly schedule: Schedule;
}

/** How far a schedule is, as it was read: the next state counts only as long as it follows this one. */
export interface HeldState {
  readonly state: ScheduleState;
  readonly version: number;
}

/**
 * Schedules and how far they are, a file and a folder each below a folder of their principal. Coordinators that share the
 * folder share the schedules: a reader sees a whole file, and of two states that follow the same one the first counts.
 */
export class ScheduleStore {
  readonly #directory: string;
  readonly #log: (line: string) => void;
  readonly #cache = new Map<string, Cached>();

  constructor(directory: string, log: (line: string) => void) {
    this.#directory = directory;
    this.#log = log;
  }

  /** All schedules, by principal and id. */
  all(): Schedule[] {
    return namesIn(this.#directory).flatMap((folder) => {
      const names = readdirSync(join(this.#directory, folder)).filter((name) => name.endsWith(SCHEDULE));
      return names.sort().flatMap((name) => this.#read(join(this.#directory, folder, name)) ?? []);
    });
  }

  get(principal: string, id: string): Schedule | undefined {
    return this.#read(this.#path({ principal, id }, SCHEDULE));
  }

  put(schedule: Schedule): void {
    writeWhole(this.#path(schedule, SCHEDULE), schedule);
  }

  remove(schedule: Schedule): void {
    rmSync(this.#path(schedule, SCHEDULE), { force: true });
    rmSync(this.#path(schedule, STATES), { recursive: true, force: true });
  }

  /** How far a schedule is. */
  state(schedule: Schedule): HeldState {
    const folder = this.#path(schedule, STATES);
    for (let looked = -1; ; ) {
      const [version = 0] = versionsIn(folder);
      const state = version === 0 ? NEW_STATE : readAs(join(folder, `${version}.json`), scheduleStateSchema);
      // Whoever put a later one has removed it meanwhile; what is still there cannot be read.
      if (state !== undefined || version === looked) return { state: state ?? NEW_STATE, version };
      looked = version;
    }
  }

  /**
   * Puts the state that follows another; undefined where one may have been put since by somebody else: look again.
   */
  putState(schedule: Schedule, state: ScheduleState, { version }: HeldState): HeldState | undefined {
    const folder = this.#path(schedule, STATES);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const next = { state, version: version + 1 };
    const path = join(folder, `${next.version}.json`);
    if (!writeNew(path, state)) return undefined;
    const [newest, ...older] = versionsIn(folder);
    // Somebody who was slow follows a state of long ago, whose next one is gone.
    const isNewest = newest === next.version;
    for (const each of isNewest ? older : [next.version]) rmSync(join(folder, `${each}.json`), { force: true });
    return isNewest ? next : undefined;
  }

  #read(path: string): Schedule | undefined {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const stamp = `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
    const known = this.#cache.get(path);
    if (known?.stamp === stamp) return known.schedule;
    const schedule = readAs(path, scheduleSchema);
    if (schedule === undefined) {
      this.#log(`${path}: not a schedule that can be read; it does not run; create it again`);
      return undefined;
    }
    this.#cache.set(path, { stamp, schedule });
    return schedule;
  }

  #path({ principal, id }: Pick<Schedule, 'principal' | 'id'>, suffix: string): string {
    const folder = createHash('sha256').update(principal).digest('hex').slice(0, 32);
    return join(this.#directory, folder, `${id}${suffix}`);
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Numbers of the states in a folder, the newest first. */
function versionsIn(folder: string): number[] {
  return namesIn(folder)
    .flatMap((name) => STATE_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

function readAs<S extends z.ZodType>(path: string, schema: S): z.output<S> | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > MAX_BYTES) return undefined;
  try {
    return schema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeWhole(path: string, content: unknown): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const temporary = temporaryOf(path);
  try {
    writeFileSync(temporary, JSON.stringify(content), { mode: MODE, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Makes a whole file; false where there is one. */
function writeNew(path: string, content: unknown): boolean {
  const temporary = temporaryOf(path);
  try {
    writeFileSync(temporary, JSON.stringify(content), { mode: MODE, flag: 'wx' });
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function temporaryOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}`;
}
