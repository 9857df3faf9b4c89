import { gridOf } from '../geometry/grid.js';
import type { Size } from '../geometry/rect.js';

/** Blocks along a side of a shard: some 16 MiB of bytes, so that large images are hundreds of files and not millions. */
const SHARD_BLOCKS = 8;
/** Of a chunk that a shard does not hold: all ones. */
const MISSING = 0xffff_ffff_ffff_ffffn;
const INDEX_ENTRY_BYTES = 16;
const CRC_BYTES = 4;

/** Side of the shards of a level in pixels: whole blocks, no more than cover it. */
export function shardSide(block: number, { width, height }: Size): number {
  return block * Math.min(SHARD_BLOCKS, Math.ceil(Math.max(width, height) / block));
}

/** A file of an array and the blocks in it. */
export interface Shard {
  /** Its name below the array's folder. */
  readonly name: string;
  /** Row-major over the whole shard: the index of each block among those of its level, -1 beyond the image. */
  readonly blocks: readonly number[];
}

/** The shards of a level, row-major. */
export function* shardsOf(level: Size, block: number): Generator<Shard> {
  const blocks = gridOf(level, { width: block, height: block });
  const side = shardSide(block, level);
  const shards = gridOf(level, { width: side, height: side });
  const across = side / block;
  for (let row = 0; row < shards.down; row++) {
    for (let column = 0; column < shards.across; column++) {
      const held = Array.from({ length: across * across }, (_, chunk) => {
        const x = column * across + (chunk % across);
        const y = row * across + Math.floor(chunk / across);
        return x < blocks.across && y < blocks.down ? y * blocks.across + x : -1;
      });
      yield { name: `c/0/${row}/${column}`, blocks: held };
    }
  }
}

/**
 * The index that ends a shard: offset and length of each chunk and a CRC-32C (Zarr 3, codec `sharding_indexed`).
 * @param places of all chunks, row-major; undefined of those that are not there
 */
export function shardIndex(
  places: readonly ({ readonly offset: number; readonly length: number } | undefined)[],
): Uint8Array {
  const bytes = new Uint8Array(places.length * INDEX_ENTRY_BYTES + CRC_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [chunk, place] of places.entries()) {
    view.setBigUint64(chunk * INDEX_ENTRY_BYTES, place === undefined ? MISSING : BigInt(place.offset), true);
    view.setBigUint64(chunk * INDEX_ENTRY_BYTES + 8, place === undefined ? MISSING : BigInt(place.length), true);
  }
  view.setUint32(bytes.length - CRC_BYTES, crc32c(bytes.subarray(0, -CRC_BYTES)), true);
  return bytes;
}

/** Castagnoli's polynomial, reflected (RFC 3720, appendix B.4). */
const CASTAGNOLI = 0x82f63b78;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  return crc;
});

/** CRC-32C of a few bytes; zlib's CRC-32 has another polynomial. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffff_ffff) >>> 0;
}
