/** A directory that may be removed. */
export interface Kept {
  readonly directory: string;
  readonly bytes: number;
  /** When it was written or used last, milliseconds since 1970. */
  readonly usedMs: number;
  /** Whether something still needs it; it counts towards the bytes and stays. */
  readonly held: boolean;
}

/** How long files are kept, and how many bytes of them. */
export interface KeepLimits {
  /** Since the last use. */
  readonly maxAgeMs: number;
  /** Of everything together. */
  readonly maxBytes: number;
}

/** What is to go: all that is too old, then the longest unused until the rest fits. */
export function expired(kept: readonly Kept[], { maxAgeMs, maxBytes }: KeepLimits, nowMs: number): Kept[] {
  const free = kept.filter(({ held }) => !held).sort((a, b) => a.usedMs - b.usedMs);
  let bytes = kept.reduce((sum, entry) => sum + entry.bytes, 0);
  return free.filter((entry) => {
    if (nowMs - entry.usedMs <= maxAgeMs && bytes <= maxBytes) return false;
    bytes -= entry.bytes;
    return true;
  });
}
