import { HalotileError } from '../../tiling/errors.js';

/** Tries of one request before its failure is the tile's. */
const MAX_TRIES = 8;
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 5_000;

/**
 * Repeats a request to a coordinator that was cut off or arrived damaged, after a wait that doubles and is
 * drawn at random, so that many workers do not come back at once. Everything asked of a coordinator is safe
 * to repeat.
 * @throws the last error, or at once any that repeating does not mend
 */
export async function withRetries<T>(request: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await request();
    } catch (error) {
      const mendable = error instanceof HalotileError && (error.tag === 'unreachable' || error.tag === 'data-loss');
      if (!mendable || tries === MAX_TRIES) throw error;
      await wait(backoffMs(tries));
    }
  }
}

/** Milliseconds to wait after the n-th failure: half of a doubling bound, and up to as much again. */
export function backoffMs(failures: number): number {
  const bound = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(20, failures));
  return bound * (0.5 + 0.5 * Math.random());
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
