/** What a span says of itself beside its name and times. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Where spans of a distributed trace go. Nothing of it is there unless somebody asked for traces. */
export interface Tracing {
  begin(name: string, options?: SpanOptions): Span;
  /**
   * One of many alike, such as the tiles of a job: undefined where too many began lately. What is a part of it is then
   * left out too. The next one that is told says how many were left out.
   */
  beginOneOfMany(name: string, options?: SpanOptions): Span | undefined;
}

/** How a span begins. */
export interface SpanOptions {
  /** The span that it is part of, as W3C's `traceparent`; a trace of its own where absent. */
  readonly parent?: string;
  /** Milliseconds since 1970; now where absent. */
  readonly startMs?: number;
  /** What it answers: a call of another process, or a message that another one queued. */
  readonly answers?: 'call' | 'message';
  readonly attributes?: SpanAttributes;
}

/** A piece of work under way. */
export interface Span {
  /** Names it to those who do a part of it, as W3C's `traceparent`. */
  readonly context: string;
  readonly startMs: number;
  /** Once; `endMs` is now where absent. */
  end(how?: { readonly endMs?: number; readonly error?: string; readonly attributes?: SpanAttributes }): void;
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A `traceparent` that another process sent; undefined where it is none. */
export function traceparentOf(text: unknown): string | undefined {
  return typeof text === 'string' && TRACEPARENT.test(text) ? text : undefined;
}

/** Which of many spans are told: a burst of them, and then so many a second. */
export class SpanQuota {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #atMs = Number.NEGATIVE_INFINITY;
  #leftOut = 0;

  constructor({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** How many were left out before this one; undefined where it is left out itself. */
  take(nowMs: number): number | undefined {
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) / 1000) * this.#perSecond);
    this.#atMs = nowMs;
    if (this.#left < 1) {
      this.#leftOut++;
      return undefined;
    }
    this.#left--;
    const before = this.#leftOut;
    this.#leftOut = 0;
    return before;
  }
}

/** Runs a piece of work as a span, failed where it throws; without traces it is only run. */
export async function traced<T>(
  tracing: Tracing | undefined,
  { name, isOneOfMany = false, ...options }: SpanOptions & { readonly name: string; readonly isOneOfMany?: boolean },
  work: (context: string | undefined) => Promise<T>,
): Promise<T> {
  const span = isOneOfMany ? tracing?.beginOneOfMany(name, options) : tracing?.begin(name, options);
  try {
    const result = await work(span?.context ?? options.parent);
    span?.end();
    return result;
  } catch (error) {
    span?.end({ error: (error as Error).message });
    throw error;
  }
}
