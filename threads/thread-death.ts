import { HalotileError } from '../tiling/errors.js';

/** A thread that ended with the request it had, or that could not start. */
export class ThreadDeath extends HalotileError {
  /** Why, as Node says it. */
  readonly how: string;

  constructor(cause: unknown) {
    const how = cause instanceof Error ? cause.message : String(cause);
    super('tile-failed', { what: `a worker thread ended (${how})` }, { cause });
    this.how = how;
  }
}
