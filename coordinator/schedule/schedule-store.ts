import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { NEW_STATE, type Schedule, type ScheduleState, scheduleSchema, scheduleStateSchema } from './schedule.js';

const SCHEDULE = '.schedule.json';
const STATE = '.state.json';
const MODE = 0o600;
/** A schedule may hold a job of as many images as a message takes. */
const MAX_BYTES = 16 << 20;

interface Cached {
  readonly stamp: string;
  readonly schedule: Schedule;
}

/**
 * Schedules and how far they are, two files each below a folder of their principal. Coordinators that share the folder
 * share the schedules: a reader sees a whole file, and what two of them write at once is the same.
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
    return foldersIn(this.#directory).flatMap((folder) => {
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
    rmSync(this.#path(schedule, STATE), { force: true });
  }

  state(schedule: Schedule): ScheduleState {
    return readAs(this.#path(schedule, STATE), scheduleStateSchema) ?? NEW_STATE;
  }

  putState(schedule: Schedule, state: ScheduleState): void {
    writeWhole(this.#path(schedule, STATE), state);
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

function foldersIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
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
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(temporary, JSON.stringify(content), { mode: MODE, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
