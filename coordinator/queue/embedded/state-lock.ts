import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HalotileError } from '../../../tiling/errors.js';
import { JobLock, OutputInUse } from '../../job/job-lock.js';

const FILE = 'queue.lock';
/** How often a holder says that it lives. */
const BEAT_MS = 2000;
/** Who has said nothing for so long is dead, or is to find out that it has lost the lock. */
const SILENCE_MS = 4 * BEAT_MS;
const LOOK_MS = 500;

/** What the file of a lock says. */
interface Holder {
  /** Differs for every holder. */
  readonly token: string;
  readonly host: string;
  readonly process: number;
  /** Processes of one place see each other's sockets: a machine since it was started, and its network namespace. */
  readonly place: string;
  /** Grows as long as the holder lives. */
  readonly beat: number;
}

/**
 * Holds the folder of a queue against every other process: those that see this one's sockets by one of them, which dies
 * with its holder, those of other machines, containers and namespaces by a file whose holder shows that it lives. Who
 * comes while the holder of another place may live watches the file until it changes or has been silent for long.
 */
export class StateLock {
  readonly #path: string;
  readonly #socket: JobLock;
  readonly #timer: NodeJS.Timeout;
  readonly #log: (line: string) => void;
  #holder: Holder;
  #saidMs = performance.now();
  #isLost = false;

  private constructor(path: string, socket: JobLock, holder: Holder, log: (line: string) => void) {
    this.#path = path;
    this.#socket = socket;
    this.#holder = holder;
    this.#log = log;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  /** @throws partial-conflict where another process holds it, or takes it at this moment */
  static async acquire(directory: string, log: (line: string) => void): Promise<StateLock> {
    const path = join(directory, FILE);
    const socket = await socketOf(directory);
    try {
      const token = randomUUID();
      const holder = { token, host: hostname(), process: process.pid, place: thisPlace(), beat: 0 };
      const found = readHolder(path);
      const isOurs = found?.place === holder.place;
      if (found === undefined && !existsSync(path)) create(path, holder, directory);
      else {
        if (found !== undefined && !isOurs) await untilSilent(path, found, directory);
        write(path, holder);
        // Two that found the same silence have both written: the later one has it.
        if (!isOurs) await sleep(LOOK_MS);
      }
      const now = readHolder(path);
      if (now?.token !== token) throw inUse(directory, now);
      return new StateLock(path, socket, holder, log);
    } catch (error) {
      await socket.release();
      throw error;
    }
  }

  /** Whether nobody else has taken it; a process that has slept for long looks before it answers. */
  get isHeld(): boolean {
    if (!this.#isLost && performance.now() - this.#saidMs > SILENCE_MS / 2) this.#beat();
    return !this.#isLost;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (readHolder(this.#path)?.token === this.#holder.token) rmSync(this.#path, { force: true });
    await this.#socket.release();
  }

  #beat(): void {
    const found = readHolder(this.#path);
    if (found !== undefined && found.token !== this.#holder.token) {
      this.#isLost = true;
      clearInterval(this.#timer);
      const by = `process ${found.process} on ${found.host}`;
      this.#log(`${by} has taken the state of this coordinator, which said nothing for long: stop this one`);
      return;
    }
    this.#saidMs = performance.now();
    this.#holder = { ...this.#holder, beat: this.#holder.beat + 1 };
    try {
      write(this.#path, this.#holder);
    } catch {
      // A full disk, or a server that is away: the next beat may come through.
    }
  }
}

async function socketOf(directory: string): Promise<JobLock> {
  try {
    return await JobLock.acquire(join(directory, 'queue.log'));
  } catch (error) {
    throw error instanceof OutputInUse ? inUse(directory, readHolder(join(directory, FILE))) : error;
  }
}

async function untilSilent(path: string, found: Holder, directory: string): Promise<void> {
  const untilMs = performance.now() + SILENCE_MS;
  while (performance.now() < untilMs) {
    await sleep(LOOK_MS);
    const now = readHolder(path);
    if (now === undefined) return;
    if (now.token !== found.token || now.beat !== found.beat) throw inUse(directory, now);
  }
}

function inUse(directory: string, holder: Holder | undefined): HalotileError {
  const by = holder === undefined ? '' : ` (process ${holder.process} on ${holder.host})`;
  return new HalotileError('partial-conflict', {
    what: `another coordinator uses this state${by}`,
    file: directory,
    remedy: 'give each coordinator a --state of its own, or share jobs by --redis',
  });
}

function readHolder(path: string): Holder | undefined {
  try {
    const { token, host, process, place, beat } = JSON.parse(readFileSync(path, 'utf8')) as Holder;
    return { token, host, process, place, beat };
  } catch {
    // None, or not yet whole where renaming is not atomic: whoever holds it writes it again.
    return undefined;
  }
}

/** The first of two that find no file makes it. @throws partial-conflict for the other */
function create(path: string, holder: Holder, directory: string): void {
  try {
    writeFileSync(path, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? inUse(directory, readHolder(path)) : error;
  }
}

function write(path: string, holder: Holder): void {
  const fresh = `${path}.${holder.token}`;
  writeFileSync(fresh, JSON.stringify(holder), { mode: 0o600 });
  renameSync(fresh, path);
}

/** What names this machine since it was started, and its network namespace. */
function thisPlace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/net')}`;
  } catch {
    // Only Linux has namespaces; elsewhere the host is the place.
    return hostname();
  }
}
