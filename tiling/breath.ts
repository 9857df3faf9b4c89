import { setImmediate as othersTurn } from 'node:timers/promises';

/** What is done of something long before others of the thread have their turn: some milliseconds' worth. */
const AT_ONCE = 256;

/** Items of an iteration that takes long: others of the thread have their turn after so many of them. */
export async function* breathing<T>(items: Iterable<T>, atOnce = AT_ONCE): AsyncGenerator<T, void> {
  let count = 0;
  for (const item of items) {
    if (++count % atOnce === 0) await othersTurn();
    yield item;
  }
}
