import type { RedisClient } from './connect.js';

/** How often the clocks are compared. */
const COMPARE_MS = 10_000;
/** Less is none: answers take time, and nothing here is that exact. */
const MIN_OFF_MS = 1_000;

/**
 * The wall clock of a Redis, which all of its coordinators go by: one whose own is an hour off would take the runs of a
 * schedule for late or not yet due, and jobs for ended long ago.
 */
export class SharedClock {
  readonly #client: RedisClient;
  readonly #log: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  #offMs = 0;

  private constructor(client: RedisClient, log: (line: string) => void) {
    this.#client = client;
    this.#log = log;
    // While Redis is away the last comparison holds.
    this.#timer = setInterval(() => void this.#compare().catch(() => {}), COMPARE_MS);
    this.#timer.unref();
  }

  /** @param log tells the operator of a clock that is off */
  static async start(client: RedisClient, log: (line: string) => void): Promise<SharedClock> {
    const clock = new SharedClock(client, log);
    await clock.#compare();
    return clock;
  }

  /** Milliseconds since 1970. */
  nowMs(): number {
    return Date.now() + this.#offMs;
  }

  async #compare(): Promise<void> {
    const askedMs = Date.now();
    const [seconds, microseconds] = await this.#client.time();
    const thereMs = Number(seconds) * 1000 + Number(microseconds) / 1000;
    const offMs = Math.round(thereMs - (askedMs + Date.now()) / 2);
    const known = this.#offMs;
    this.#offMs = Math.abs(offMs) < MIN_OFF_MS ? 0 : offMs;
    if (Math.abs(this.#offMs - known) < MIN_OFF_MS) return;
    const far = `${Math.round(Math.abs(offMs) / 1000)} s ${offMs < 0 ? 'ahead of' : 'behind'} that of Redis`;
    const is = this.#offMs === 0 ? 'right again' : `${far}, which counts: correct it`;
    this.#log(`the clock of this machine is ${is}`);
  }
}
