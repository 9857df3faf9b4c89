/** A directory to write: tag, field type and values; block data and arrays are placed by the caller. */
export interface BuiltTag {
  readonly tag: number;
  readonly type: 2 | 3 | 4 | 16;
  readonly values: readonly number[];
  /** Overrides the count that the entry claims. */
  readonly claimedCount?: number;
  /** Overrides where the entry says that its values lie. */
  readonly claimedOffset?: number;
}

const TYPE_BYTES = { 2: 1, 3: 2, 4: 4, 16: 8 } as const;

/** Byte at which the pixel data of a built file starts: right behind the longer of the two headers. */
export const DATA_OFFSET = 16;

/**
 * A little-endian TIFF with one directory, written by hand so that it can be wrong in one place: header, `data`
 * at {@link DATA_OFFSET}, tag values, directory. `next` is what the directory names as its successor, `self` for
 * its own offset.
 */
export function buildTiff(
  tags: readonly BuiltTag[],
  { big = false, data = new Uint8Array(0) as Uint8Array, next = 0 as number | 'self' } = {},
): Uint8Array {
  const bytes = new Uint8Array(1 << 16);
  const view = new DataView(bytes.buffer);
  const putOffset = (at: number, value: number) =>
    big ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, value, true);
  const offsetBytes = big ? 8 : 4;
  bytes.set([0x49, 0x49, big ? 43 : 42, 0]);
  if (big) view.setUint16(4, 8, true);
  bytes.set(data, DATA_OFFSET);
  let end = DATA_OFFSET + data.length;
  const put = (at: number, type: BuiltTag['type'], value: number) => {
    if (type === 2) view.setUint8(at, value);
    else if (type === 3) view.setUint16(at, value, true);
    else if (type === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
  };
  const places = tags.map(({ type, values }) => {
    const length = values.length * TYPE_BYTES[type];
    if (length <= offsetBytes) return 0;
    const place = end;
    values.forEach((value, i) => {
      put(place + i * TYPE_BYTES[type], type, value);
    });
    end += length;
    return place;
  });
  const directory = end;
  putOffset(big ? 8 : 4, directory);
  if (big) view.setBigUint64(end, BigInt(tags.length), true);
  else view.setUint16(end, tags.length, true);
  end += big ? 8 : 2;
  tags.forEach(({ tag, type, values, claimedCount, claimedOffset }, i) => {
    view.setUint16(end, tag, true);
    view.setUint16(end + 2, type, true);
    putOffset(end + 4, claimedCount ?? values.length);
    const valueAt = end + 4 + offsetBytes;
    if (claimedOffset !== undefined) putOffset(valueAt, claimedOffset);
    else if (places[i]! > 0) putOffset(valueAt, places[i]!);
    else {
      values.forEach((value, j) => {
        put(valueAt + j * TYPE_BYTES[type], type, value);
      });
    }
    end = valueAt + offsetBytes;
  });
  putOffset(end, next === 'self' ? directory : next);
  return bytes.slice(0, end + offsetBytes);
}

/** The tags of a plain 8-bit grey image of `width` × `height` in one strip at {@link DATA_OFFSET}. */
export function greyTags(
  width: number,
  height: number,
  changes: Readonly<Record<number, Partial<BuiltTag>>> = {},
): BuiltTag[] {
  const tags: BuiltTag[] = [
    { tag: 256, type: 4, values: [width] },
    { tag: 257, type: 4, values: [height] },
    { tag: 258, type: 3, values: [8] },
    { tag: 259, type: 3, values: [1] },
    { tag: 262, type: 3, values: [1] },
    { tag: 273, type: 4, values: [DATA_OFFSET] },
    { tag: 277, type: 3, values: [1] },
    { tag: 278, type: 4, values: [height] },
    { tag: 279, type: 4, values: [width * height] },
  ];
  const known = tags.map((entry) => ({ ...entry, ...changes[entry.tag] }));
  const extra = Object.entries(changes)
    .filter(([tag]) => !tags.some((entry) => entry.tag === Number(tag)))
    .map(([tag, change]): BuiltTag => ({ tag: Number(tag), type: 3, values: [], ...change }));
  return [...known, ...extra].sort((a, b) => a.tag - b.tag);
}
