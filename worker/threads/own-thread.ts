import { setImmediate } from 'node:timers/promises';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './messages.js';
import { TaskRunner } from './task-runner.js';

/** Processor time that a thread takes to load and to compile its kernels. */
const THREAD_START_MS = 300;
/** A process's first thread; those that it starts count from 1. */
const MAIN_THREAD = 0;

/** Runs tasks in the thread that asks, one after the other, until threads are worth their start. */
export class OwnThread {
  readonly #runner: TaskRunner;
  #turn: Promise<unknown> = Promise.resolve();
  #workedMs = 0;

  constructor(data: ThreadData) {
    this.#runner = new TaskRunner(data, MAIN_THREAD);
  }

  /** The answer; undefined where it has worked for as long as a thread takes to start. */
  answer(request: ThreadRequest): Promise<ThreadAnswer | undefined> {
    const answer = this.#turn.then(() => this.#work(request));
    this.#turn = answer;
    return answer;
  }

  async #work(request: ThreadRequest): Promise<ThreadAnswer | undefined> {
    // Signals are heard between two tasks.
    await setImmediate();
    if (this.#workedMs >= THREAD_START_MS) return undefined;
    // Of the processor, since on a busy machine threads would only wait as well.
    const before = process.cpuUsage();
    const answer = await this.#runner.answer(request);
    const { user, system } = process.cpuUsage(before);
    this.#workedMs += (user + system) / 1000;
    return answer;
  }
}
