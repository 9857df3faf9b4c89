import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { KernelAnswer, KernelQuestion } from './messages.js';

/** How a question ended; `late`, `gone` and `stopped` took the process with them. */
export type Outcome =
  | { readonly kind: 'answered'; readonly answer: KernelAnswer }
  | { readonly kind: 'late' }
  /** How it ended, for people. */
  | { readonly kind: 'gone'; readonly how: string }
  | { readonly kind: 'stopped' };

/** What bounds a question. */
export interface QuestionLimits {
  /** From the moment the module is compiled and begins with the tile; for a check, from the question on. */
  readonly limitMs: number;
  /** Hears of the function that ends the process at once; `undefined` when the question is over. */
  readonly onStop?: (stop: (() => void) | undefined) => void;
}

/** What a process may take. */
export interface KernelMemory {
  /** Bytes that it may write to in all. */
  readonly memoryBytes: number;
  /** Of these, for the objects of its engine. */
  readonly heapBytes: number;
}

/** Starting a process takes this long at most on a busy machine; it is no part of any module's time. */
const START_MS = 20_000;
/** What compiling a module may take. */
export const COMPILE_MS = 5_000;
const STDERR_KEPT = 300;
const ENTRY = fileURLToPath(new URL('./kernel-process.js', import.meta.url));
/**
 * Where there is a shell, it lowers what the process may write to (RLIMIT_DATA) and becomes Node. V8 reserves many
 * GiB of addresses that it never touches, so a limit on addresses (`ulimit -v`) would have to be far above any
 * memory; on Linux private writable pages are what counts here, and reservations become those when they are used.
 * Where the system allows less already, that stays.
 */
const LIMITED = 'ulimit -c 0; (ulimit -d "$0") 2>/dev/null && ulimit -d "$0"; exec "$@"';
const HAS_SHELL = process.platform !== 'win32';

/** A process that checks and runs one user's module at a time, as its parent sees it. */
export class KernelChild {
  readonly memoryBytes: number;
  readonly #process: ChildProcess;
  readonly #ready: Promise<Outcome>;
  /** What came before anybody waited for it. */
  readonly #heard: Outcome[] = [];
  #waiting: ((outcome: Outcome) => void) | undefined;
  #gone: Outcome | undefined;
  #stderr = '';

  constructor({ memoryBytes, heapBytes }: KernelMemory) {
    this.memoryBytes = memoryBytes;
    const limited = ['-c', LIMITED, String(Math.ceil(memoryBytes / 1024)), process.execPath];
    this.#process = fork(ENTRY, [String(Math.ceil(heapBytes / 2 ** 20))], {
      ...(HAS_SHELL ? { execPath: '/bin/sh', execArgv: limited } : { execArgv: [] }),
      serialization: 'advanced',
      // Nothing of this process's environment is a module's business.
      env: {},
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(0, STDERR_KEPT);
    });
    const end = (how: string) => {
      const said =
        this.#stderr
          .trim()
          .split('\n')
          .find((line) => /\w/.test(line)) ?? '';
      this.#gone ??= { kind: 'gone', how: said === '' ? how : `${how}: ${said.trim()}` };
      this.#hear(this.#gone);
    };
    this.#process.on('error', (error) => end(error.message));
    this.#process.on('close', (code, signal) => end(signal ?? `exit code ${code}`));
    this.#process.on('message', (answer: KernelAnswer) => this.#hear({ kind: 'answered', answer }));
    this.#ready = this.#next(START_MS);
    // An idle process must not keep a finished program alive.
    this.#idle();
  }

  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Asks one question; others wait for its end. */
  async ask(question: KernelQuestion, { limitMs, onStop }: QuestionLimits): Promise<Outcome> {
    this.#process.ref();
    this.#process.channel?.ref();
    onStop?.(() => this.#end({ kind: 'stopped' }));
    try {
      let outcome = await this.#ready;
      if (outcome.kind !== 'answered' || this.#gone !== undefined) return this.#gone ?? outcome;
      // A process that is gone answers by its end.
      this.#process.send(question, () => {});
      if (question.kind === 'check') return await this.#next(limitMs);
      outcome = await this.#next(COMPILE_MS);
      if (!isNote(outcome, 'begun')) return outcome;
      outcome = await this.#next(limitMs);
      return isNote(outcome, 'ran') ? await this.#next(START_MS) : outcome;
    } finally {
      onStop?.(undefined);
      this.#idle();
    }
  }

  /** Ends the process. */
  close(): void {
    this.#end({ kind: 'stopped' });
  }

  /** What comes next from the process, or its end where that takes too long. */
  #next(limitMs: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const outcome = this.#heard.shift() ?? this.#gone;
      if (outcome !== undefined) return resolve(outcome);
      const timer = setTimeout(() => this.#end({ kind: 'late' }), limitMs);
      this.#waiting = (next) => {
        clearTimeout(timer);
        resolve(next);
      };
    });
  }

  #hear(outcome: Outcome): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#heard.push(outcome);
    else waiting(outcome);
  }

  #end(outcome: Outcome): void {
    this.#gone ??= outcome;
    this.#process.kill('SIGKILL');
    this.#hear(this.#gone);
  }

  #idle(): void {
    this.#process.unref();
    this.#process.channel?.unref();
    (this.#process.stderr as { unref?: () => void } | null)?.unref?.();
  }
}

function isNote(outcome: Outcome, kind: 'begun' | 'ran'): boolean {
  return outcome.kind === 'answered' && outcome.answer.kind === kind;
}
