/**
 * Of the main thread's time, what the looks of one stream may take; writing takes about as much again. Heartbeats and
 * results come first.
 */
const SHARE = 1 / 400;
/** A look that only waited for a busy machine says nothing of the next one. */
const LONGEST_MS = 5_000;

/** How long a stream rests after a look that took so long: what is dear to tell is told less often. */
export function restMs(tookMs: number, leastMs: number): number {
  return Math.max(leastMs, Math.min(tookMs / SHARE, LONGEST_MS));
}
