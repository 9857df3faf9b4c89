import { isIPv6 } from 'node:net';

/** What a session of a coordinator can do here. */
interface Attached {
  readonly isConnected: boolean;
  drain(graceMs: number): Promise<void>;
}

/** What a worker's sessions are opened with. */
export interface SessionSetOptions<S extends Attached> {
  /** HOST:PORT each; `dns:HOST:PORT` is every address that the name has. */
  readonly coordinators: readonly string[];
  /** Dials one; `serverName` is whom its certificate must name where that is not the host of the address. */
  readonly open: (address: string, serverName: string | undefined) => S;
  /** All addresses of a name. */
  readonly lookUp: (host: string) => Promise<readonly string[]>;
  readonly log: (line: string) => void;
}

const ALL_OF_NAME = /^dns:(?:\/\/\/)?(.+):(\d{1,5})$/;
/** How often names are looked up: coordinators come and go. */
const LOOK_MS = 15_000;

/** The sessions of a worker: one with each coordinator that it is told of, by address or by a name of several. */
export class SessionSet<S extends Attached> {
  readonly #options: SessionSetOptions<S>;
  readonly #sessions = new Map<string, S>();
  readonly #unknown = new Set<string>();
  readonly #timer: NodeJS.Timeout | undefined;

  private constructor(options: SessionSetOptions<S>) {
    this.#options = options;
    const named = options.coordinators.some((each) => ALL_OF_NAME.test(each));
    if (named) this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  /** Dials all of them. */
  static async open<S extends Attached>(options: SessionSetOptions<S>): Promise<SessionSet<S>> {
    const set = new SessionSet(options);
    for (const address of options.coordinators) if (!ALL_OF_NAME.test(address)) set.#dial(address, undefined);
    await set.look();
    return set;
  }

  get all(): readonly S[] {
    return [...this.#sessions.values()];
  }

  /** Dials what names have got since; hangs up where a name has lost an address and nobody answers there any more. */
  async look(): Promise<void> {
    const found = new Set<string>();
    let isWhole = true;
    for (const each of this.#options.coordinators) {
      const [, host, port] = ALL_OF_NAME.exec(each) ?? [];
      if (host === undefined) {
        found.add(each);
        continue;
      }
      const addresses = await this.#addressesOf(host);
      if (addresses === undefined) isWhole = false;
      for (const ip of addresses ?? []) {
        const address = `${isIPv6(ip) ? `[${ip}]` : ip}:${port}`;
        found.add(address);
        this.#dial(address, host);
      }
    }
    if (!isWhole) return;
    for (const [address, session] of this.#sessions) {
      if (found.has(address) || session.isConnected) continue;
      this.#sessions.delete(address);
      void session.drain(0);
    }
  }

  /** Ends all sessions as each ends. */
  async drain(graceMs: number): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.all.map((session) => session.drain(graceMs)));
  }

  #dial(address: string, serverName: string | undefined): void {
    if (!this.#sessions.has(address)) this.#sessions.set(address, this.#options.open(address, serverName));
  }

  /** Undefined where the name cannot be looked up now. */
  async #addressesOf(host: string): Promise<readonly string[] | undefined> {
    try {
      const addresses = await this.#options.lookUp(host);
      this.#unknown.delete(host);
      return addresses;
    } catch (error) {
      if (!this.#unknown.has(host)) this.#options.log(`${host}: ${(error as Error).message}; it is looked up again`);
      this.#unknown.add(host);
      return undefined;
    }
  }
}
