import { setImmediate as othersTurn } from 'node:timers/promises';

/** What is done of something long before others of the thread have their turn: some milliseconds' worth. */
const AT_ONCE = 256;

/** Items of an iteration that takes long, among which others of the thread have their turn now and then. */
export async function* breathing<T>(items: Iterable<T>): AsyncGenerator<T> {
  let count = 0;
  for (const item of items) {
    if (++count % AT_ONCE === 0) await othersTurn();
    yield item;
  }
}
