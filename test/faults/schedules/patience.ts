import assert from 'node:assert/strict';
import { HalotileError } from '../../../tiling/errors.js';

/** After the last fault everything must be over within this, also where other work has the processors. */
const END_MS = 300_000;
const LOOK_MS = 100;

/** A call until a coordinator that is away, or whose Redis is, takes it. */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  const limit = performance.now() + END_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      // A Redis that was flushed knows nothing until it is filled again.
      const passing = error instanceof HalotileError && ['unreachable', 'not-found'].includes(error.tag);
      if (!passing || performance.now() > limit) throw error;
      if (error.tag === 'not-found' && /unfinished/.test(error.message)) throw error;
      await pause(LOOK_MS);
    }
  }
}

export async function eventually(what: string | (() => string), holds: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + END_MS;
  while (!(await patiently(holds))) {
    if (performance.now() > limit) assert.fail(typeof what === 'string' ? what : what());
    await pause(LOOK_MS);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
