import { crc32 } from 'node:zlib';

/** One share of a collection's images: who runs it does these and nobody else does. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** The I/N of `--shard`; undefined for any other text. */
export function shardOf(text: string): Shard | undefined {
  const [, index, count] = /^(0|[1-9]\d{0,5})\/([1-9]\d{0,5})$/.exec(text) ?? [];
  if (index === undefined || Number(index) >= Number(count)) return undefined;
  return { index: Number(index), count: Number(count) };
}

/**
 * Whether an image is of a share. It follows from its output's name alone, so that shares which start at different
 * times, files coming in between, do every image once; shares are equal on average.
 * @param name of the output, relative to the collection's folder, with "/"
 */
export function isOfShard(name: string, { index, count }: Shard): boolean {
  return crc32(Buffer.from(name)) % count === index;
}
