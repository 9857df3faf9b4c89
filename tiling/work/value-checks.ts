/** What results hold, told by hand: thousands arrive in a second. */

/** Whether a value is an object with fields. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Whether a value is a number of things: whole, not negative, and no larger than `most`. */
export function isCount(value: unknown, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

/** Whether a value is a CRC-32 or another sum of 32 bits. */
export function isChecksum(value: unknown): value is number {
  return isCount(value, 0xffff_ffff);
}

/** Whether a value is bytes: of that length, or at most that many, where one is given. */
export function isBytes(value: unknown, { exactly, most }: { readonly exactly?: number; readonly most?: number } = {}) {
  if (!(value instanceof Uint8Array)) return false;
  return (exactly === undefined || value.length === exactly) && (most === undefined || value.length <= most);
}

/** Whether a value is a list, and each of it passes. */
export function isListOf<T>(value: unknown, passes: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(passes);
}
