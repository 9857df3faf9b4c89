import { setImmediate as othersTurn } from 'node:timers/promises';

/** What is done of something long before others of the thread have their turn: some milliseconds' worth. */
const AT_ONCE = 256;

/** The same of steps, each of which may look at files. */
const STEPS_AT_ONCE = 16;

/** Items of an iteration that takes long: others of the thread have their turn after so many of them. */
export async function* breathing<T>(items: Iterable<T>, atOnce = AT_ONCE): AsyncGenerator<T, void> {
  let count = 0;
  for (const item of items) {
    if (++count % atOnce === 0) await othersTurn();
    yield item;
  }
}

/** Work in steps, done at once. */
export function atOnce<T>(steps: Iterator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Work in steps, among which others of the thread have their turn. */
export async function inTurns<T>(steps: Iterator<void, T>): Promise<T> {
  for (let count = 1; ; count++) {
    const { done, value } = steps.next();
    if (done) return value;
    if (count % STEPS_AT_ONCE === 0) await othersTurn();
  }
}
