import { fromPortable, toPortable } from './portable.js';

/** Data for the wire: text, and the byte arrays in it one by one, in the text's order. */
export interface PackedData {
  readonly json: string;
  readonly pieces: readonly Uint8Array[];
}

/** Stands in the text for bytes that are a piece. */
interface Piece {
  readonly $piece: number;
}

/** JSON data with byte arrays in it as text and bytes; {@link unpack} is the inverse. */
export function pack(data: unknown): PackedData {
  const pieces: Uint8Array[] = [];
  const json = toPortable(mapBytes(data, (bytes) => ({ $piece: pieces.push(bytes) - 1 }) satisfies Piece));
  return { json, pieces };
}

/** The inverse of {@link pack}. Missing pieces are empty. The caller states the type: both sides are of one release. */
export function unpack<T>({ json, pieces }: PackedData): T {
  return mapPieces(fromPortable(json), (piece) => pieces[piece] ?? new Uint8Array(0)) as T;
}

function mapBytes(value: unknown, change: (bytes: Uint8Array) => unknown): unknown {
  if (value instanceof Uint8Array) return change(value);
  if (Array.isArray(value)) return value.map((item) => mapBytes(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapBytes(item, change)]));
}

function mapPieces(value: unknown, change: (piece: number) => Uint8Array): unknown {
  if (Array.isArray(value)) return value.map((item) => mapPieces(item, change));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const { $piece } = value as Partial<Piece>;
  if (typeof $piece === 'number') return change($piece);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapPieces(item, change)]));
}
