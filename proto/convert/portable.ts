import { badInput } from '../../tiling/errors.js';

/**
 * Plans and codec contexts as text that crosses machines: JSON, with what JSON lacks in tagged form. A NaN or an
 * infinity becomes `{"$number": "NaN"}`, bytes become `{"$bytes": base64}`; undefined fields are left out.
 */
export function toPortable(value: unknown): string {
  return JSON.stringify(value, function tagged(this: unknown, key: string, item: unknown) {
    // JSON.stringify calls toJSON before the replacer, which would turn a Buffer into a list of numbers.
    const original = (this as Record<string, unknown>)[key];
    if (original instanceof Uint8Array) {
      return { $bytes: Buffer.from(original.buffer, original.byteOffset, original.byteLength).toString('base64') };
    }
    if (typeof item === 'number' && !Number.isFinite(item)) return { $number: String(item) };
    return item;
  });
}

/**
 * The inverse of {@link toPortable}; bytes come back as Uint8Array. The caller states the type: both sides are of
 * one release.
 * @throws bad-input where the text is not JSON
 */
export function fromPortable<T>(text: string): T {
  try {
    return JSON.parse(text, untagged) as T;
  } catch (cause) {
    throw badInput({ what: 'what another machine sent is no JSON', remedy: 'use one release everywhere' }, cause);
  }
}

function untagged(_key: string, item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item;
  const tagged = item as { $bytes?: unknown; $number?: unknown };
  if (typeof tagged.$bytes === 'string') return new Uint8Array(Buffer.from(tagged.$bytes, 'base64'));
  if (typeof tagged.$number === 'string') return Number(tagged.$number);
  return item;
}
