import { type ChildProcess, fork } from 'node:child_process';
import { placeSettings } from '../../threads/places/settings.js';
import { fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { asOneLine } from '../../tiling/words.js';
import type { GpuReport } from './gpu-report.js';
import type { DeviceProcessOptions, ProcessAnswer, ProcessRequest } from './process-messages.js';

/** A request that is answered by id, before it has one. */
type Question = ProcessRequest extends infer R ? (R extends { readonly id: number } ? Omit<R, 'id'> : never) : never;

interface Waiting {
  readonly resolve: (answer: ProcessAnswer) => void;
  readonly reject: (error: HalotileError) => void;
}

const STDERR_KEPT = 400;

/** One device process as its parent sees it: from its start to its end, whichever way it ends. */
export class DeviceChild {
  /** Resolves with the reason when the process is gone, expected or not. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #report: Promise<GpuReport>;
  #asked = 0;
  #lost: string | undefined;
  #gone: string | undefined;
  #stderr = '';

  constructor(first: ProcessRequest) {
    this.#process = fork(new URL('./device-process.js', import.meta.url), {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        const said = asOneLine(this.#stderr.trim());
        const reason = this.#lost ?? `the GPU process ended (${[how, said].filter(Boolean).join(': ')})`;
        this.#gone = reason;
        // Whoever watches for the end must hear of it before whoever asked tries again.
        resolve(reason);
        for (const { reject } of this.#waiting.values()) reject(new HalotileError('tile-failed', { what: reason }));
        this.#waiting.clear();
      };
      this.#process.on('error', (error) => end(error.message));
      this.#process.on('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
    this.#report = new Promise((resolve) => {
      this.#process.on('message', (answer: ProcessAnswer) => {
        if (answer.kind === 'report' || answer.kind === 'started') resolve(answer.report);
        else if (answer.kind === 'lost') this.#lost = answer.reason;
        else this.#settle(answer);
      });
      void this.ended.then((reason) => resolve({ available: false, reason }));
    });
    this.#send(first);
  }

  /** Starts a process that runs tiles. */
  static start(options: DeviceProcessOptions): DeviceChild {
    return new DeviceChild({ kind: 'start', options, places: placeSettings() });
  }

  /** What the process found; a process that dies first says so here too. */
  report(): Promise<GpuReport> {
    return this.#report;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Asks and waits.
   * @throws the answer's own error; tile-failed where the process ends first
   */
  async ask(question: Question): Promise<ProcessAnswer> {
    if (this.#gone !== undefined) throw new HalotileError('tile-failed', { what: this.#gone });
    return new Promise((resolve, reject) => {
      const id = this.#asked++;
      this.#waiting.set(id, { resolve, reject });
      this.#send({ ...question, id } as ProcessRequest);
    });
  }

  /** Destroys the device under whatever runs. */
  loseDevice(): void {
    this.#send({ kind: 'lose-device' });
  }

  /** Lets the process end and waits until it has. */
  async close(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.ended;
  }

  #send(request: ProcessRequest): void {
    // A process that is gone answers by its end.
    this.#process.send(request, () => {});
  }

  #settle(answer: ProcessAnswer & { readonly id: number }): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind === 'error') waiting?.reject(fromErrorRecord(answer.error));
    else waiting?.resolve(answer);
  }
}

/**
 * Looks for a GPU and holds every kernel against the reference on it, in a process of its own; some seconds.
 * `describeGpu` makes text of the report.
 */
export async function checkGpu(): Promise<GpuReport> {
  const child = new DeviceChild({ kind: 'check' });
  try {
    return await child.report();
  } finally {
    await child.close();
  }
}
