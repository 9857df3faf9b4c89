/**
 * A table that foreign text is looked up in. It has its own entries and no others: an object's inherited names, such as
 * `constructor` and `__proto__`, are not in it.
 */
export function byName<const T extends object>(entries: T): Readonly<T> {
  return Object.freeze(Object.assign(Object.create(null) as T, entries));
}
