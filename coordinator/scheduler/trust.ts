/** Owners of whom it is remembered what their workers did. */
const REMEMBERED_OWNERS = 4096;

/** When a worker's faults make its owner's workers go, and for how long. */
export interface TrustLimits {
  /** Results that were none, before the workers of their owner are sent away. */
  readonly maxFaults: number;
  /** How long they stay away, and after how long without another one a fault is forgotten. */
  readonly banMs: number;
}

interface Standing {
  faults: number;
  lastFaultMs: number;
  bannedUntilMs: number;
}

/** Whose workers are believed. An owner is who is answerable for workers: a principal, or one process where there are none. */
export class Trust {
  readonly #limits: TrustLimits;
  readonly #records = new Map<string, Standing>();

  constructor(limits: TrustLimits) {
    this.#limits = limits;
  }

  /** Counts a fault; true where it was one too many and the owner is banned from now on. */
  fault(owner: string, nowMs: number): boolean {
    const record = this.#recordOf(owner, nowMs);
    record.faults++;
    record.lastFaultMs = nowMs;
    if (record.faults < this.#limits.maxFaults || this.isBanned(owner, nowMs)) return false;
    this.ban(owner, nowMs);
    return true;
  }

  ban(owner: string, nowMs: number): void {
    const record = this.#recordOf(owner, nowMs);
    record.faults = 0;
    record.bannedUntilMs = nowMs + this.#limits.banMs;
  }

  isBanned(owner: string, nowMs: number): boolean {
    const record = this.#records.get(owner);
    return record !== undefined && nowMs < record.bannedUntilMs;
  }

  #recordOf(owner: string, nowMs: number): Standing {
    let record = this.#records.get(owner);
    if (record === undefined) {
      record = { faults: 0, lastFaultMs: nowMs, bannedUntilMs: nowMs };
      this.#records.set(owner, record);
      if (this.#records.size > REMEMBERED_OWNERS) this.#records.delete(this.#records.keys().next().value!);
    }
    if (nowMs - record.lastFaultMs >= this.#limits.banMs) record.faults = 0;
    return record;
  }
}
