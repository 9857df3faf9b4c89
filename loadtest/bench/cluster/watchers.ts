import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const SCRAPE_MS = 5000;

/** Prometheus, a collector of traces and a browser, as processes that are watched see them. */
export class Watchers {
  /** For every process. */
  readonly flags = ['--metrics', '127.0.0.1:0'];
  /** For the coordinator. */
  readonly pageFlags = ['--web', '127.0.0.1:0'];
  readonly environment: NodeJS.ProcessEnv;
  readonly #collector: Server;
  #gone = new AbortController();
  readonly #numbers = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #page = '';
  #traces = 0;
  #scrapes = 0;
  #events = 0;

  private constructor(collector: Server) {
    this.#collector = collector;
    collector.on('request', (request, response) => {
      request.resume().once('end', () => {
        this.#traces++;
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    const { port } = collector.address() as AddressInfo;
    this.environment = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
    this.#timer = setInterval(() => this.#scrape(), SCRAPE_MS);
  }

  static async start(): Promise<Watchers> {
    const collector = createServer();
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    return new Watchers(collector);
  }

  /** Finds in what a process prints where it shows itself. */
  listen(text: string): void {
    for (const [, url] of text.matchAll(/numbers for Prometheus at (http:\S+)/g)) this.#numbers.add(url!);
    const page = /its page is (http:\S+)\//.exec(text);
    if (page !== null) this.#page = page[1]!;
  }

  /** Opens a job's page, in the place of the one before: what all jobs do, and the tiles of this one. */
  open(job: string): void {
    this.#gone.abort();
    this.#gone = new AbortController();
    for (const path of ['events', `jobs/${job}/tiles`]) void this.#follow(`${this.#page}/api/${path}`);
  }

  /** Ends all of it; how much there was to see, in words. */
  close(): string {
    clearInterval(this.#timer);
    this.#gone.abort();
    this.#collector.close();
    if (this.#traces === 0 || this.#events === 0) throw new Error('nothing was watched');
    return `${this.#scrapes} scrapes, ${this.#traces} batches of traces, ${this.#events} pieces of the page's streams`;
  }

  #scrape(): void {
    for (const url of this.#numbers)
      void fetch(url)
        .then((answer) => answer.text())
        .then(() => this.#scrapes++);
  }

  async #follow(url: string): Promise<void> {
    const { signal } = this.#gone;
    try {
      const { body } = await fetch(url, { signal });
      for await (const _ of body!) this.#events++;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
