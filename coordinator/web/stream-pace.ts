/** Of the main thread's time, what one stream of a page may take: heartbeats and results come first. */
const SHARE = 0.005;

/** How long a stream rests after a look that took so long: what is dear to tell is told less often. */
export function restMs(tookMs: number, leastMs: number): number {
  return Math.max(leastMs, tookMs / SHARE);
}
