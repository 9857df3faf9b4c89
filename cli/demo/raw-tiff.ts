import type { Size } from '../../tiling/geometry/rect.js';

/** Side of a tile in the scene's files. */
export const TILE = 512;

const HEADER_BYTES = 16;
const ENTRY_BYTES = 20;
/** Tiles start at a multiple of this, a page. */
const ALIGN_BYTES = 4096;

/** Bytes of one value by TIFF type. */
const TYPE_BYTES = { ascii: 1, short: 2, long: 4, long8: 8 } as const;
const TYPE_CODE = { ascii: 2, short: 3, long: 4, long8: 16 } as const;

interface Entry {
  readonly tag: number;
  readonly type: keyof typeof TYPE_CODE;
  readonly values: ArrayLike<number>;
}

/** An uncompressed tiled BigTIFF of bytes, chunky, whose tiles lie row-major behind its header. */
export interface RawTiff {
  /** Everything before the first tile. */
  readonly header: Uint8Array;
  readonly tileBytes: number;
  readonly fileBytes: number;
}

/**
 * Lays out a file of 512 × 512 tiles with 1 or 3 bytes a pixel. The description, ASCII, is its
 * ImageDescription. Little endian. (TIFF 6.0 sections 2, 8 and 15; the BigTIFF design.)
 */
export function layOutRawTiff(size: Size, channels: 1 | 3, description: string): RawTiff {
  const tiles = Math.ceil(size.width / TILE) * Math.ceil(size.height / TILE);
  const tileBytes = TILE * TILE * channels;
  const entriesFor = (dataAt: number): Entry[] => [
    { tag: 256, type: 'long', values: [size.width] },
    { tag: 257, type: 'long', values: [size.height] },
    { tag: 258, type: 'short', values: new Uint8Array(channels).fill(8) },
    { tag: 259, type: 'short', values: [1] },
    { tag: 262, type: 'short', values: [channels === 3 ? 2 : 1] },
    { tag: 270, type: 'ascii', values: Buffer.from(`${description}\0`, 'ascii') },
    { tag: 277, type: 'short', values: [channels] },
    { tag: 284, type: 'short', values: [1] },
    { tag: 322, type: 'short', values: [TILE] },
    { tag: 323, type: 'short', values: [TILE] },
    { tag: 324, type: 'long8', values: Float64Array.from({ length: tiles }, (_, index) => dataAt + index * tileBytes) },
    { tag: 325, type: 'long', values: new Uint32Array(tiles).fill(tileBytes) },
  ];
  // The length does not depend on the offsets' values: the first pass finds it.
  const dataAt = Math.ceil(encode(entriesFor(0)).length / ALIGN_BYTES) * ALIGN_BYTES;
  const header = new Uint8Array(dataAt);
  header.set(encode(entriesFor(dataAt)));
  return { header, tileBytes, fileBytes: dataAt + tiles * tileBytes };
}

/** Header, one IFD, then the values that do not fit their entries. */
function encode(entries: readonly Entry[]): Uint8Array {
  const byteLength = ({ type, values }: Entry) => values.length * TYPE_BYTES[type];
  const outside = (entry: Entry) => (byteLength(entry) > 8 ? Math.ceil(byteLength(entry) / 8) * 8 : 0);
  const entriesAt = HEADER_BYTES + 8;
  let free = entriesAt + entries.length * ENTRY_BYTES + 8;
  const view = new DataView(new ArrayBuffer(entries.reduce((end, entry) => end + outside(entry), free)));
  new Uint8Array(view.buffer).set([0x49, 0x49, 43, 0, 8, 0, 0, 0, HEADER_BYTES]);
  view.setUint8(HEADER_BYTES, entries.length);
  entries.forEach((entry, index) => {
    const at = entriesAt + index * ENTRY_BYTES;
    view.setUint16(at, entry.tag, true);
    view.setUint16(at + 2, TYPE_CODE[entry.type], true);
    view.setUint32(at + 4, entry.values.length, true);
    const far = outside(entry);
    if (far > 0) view.setBigUint64(at + 12, BigInt(free), true);
    putValues(view, far > 0 ? free : at + 12, entry);
    free += far;
  });
  return new Uint8Array(view.buffer);
}

function putValues(view: DataView, at: number, { type, values }: Entry): void {
  const step = TYPE_BYTES[type];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (type === 'ascii') view.setUint8(at + i, value);
    else if (type === 'short') view.setUint16(at + i * step, value, true);
    else if (type === 'long') view.setUint32(at + i * step, value, true);
    else view.setBigUint64(at + i * step, BigInt(value), true);
  }
}
