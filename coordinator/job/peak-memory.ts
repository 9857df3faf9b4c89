/** How often the system is asked: it looks through all of the process for an answer. */
const LOOK_MS = 1_000;

let bytes = 0;
let lookedMs = Number.NEGATIVE_INFINITY;

/** Bytes that this process has had resident at most, as they were a second ago at the earliest. */
export function peakMemoryBytes(): number {
  const nowMs = performance.now();
  if (nowMs - lookedMs < LOOK_MS) return bytes;
  lookedMs = nowMs;
  bytes = process.resourceUsage().maxRSS * 1024;
  return bytes;
}
