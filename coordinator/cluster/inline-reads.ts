import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { halotile } from '../../proto/gen/messages.js';
import { badInput, HalotileError } from '../../tiling/errors.js';
import { contains, type Rect, rectOf } from '../../tiling/geometry/rect.js';
import type { SinkRef, StoredRead } from '../../tiling/job/execution.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { BlockSource } from '../../tiling/sources/block-source.js';
import { readFully } from '../../tiling/stitch/copy-blocks.js';

/** Bytes of pixels in one message. */
const MESSAGE_BYTES = 1 << 20;
const MAX_INDEXES = 65_536;

type Parts = halotile.v1.IBlockPart[];

/** Encoded blocks as messages of at most 1 MiB, several small ones in one message. */
export async function* blockMessages(source: BlockSource, indexes: readonly number[]): AsyncGenerator<Parts> {
  const { across, down, planar } = source.layout;
  const count = across * down * (planar ? source.info.channels : 1);
  if (indexes.length > MAX_INDEXES || indexes.some((index) => index >= count)) {
    throw badInput({ what: 'no such blocks', where: source.name, expected: `indices below ${count}` });
  }
  yield* packed(
    (async function* () {
      for (const index of indexes) yield { index, bytes: await source.readBlock(index) };
    })(),
  );
}

/** The pixels of a rect, rows packed, read and sent a slice of rows at a time. */
export async function* rectMessages(source: BlockSource, rect: Rect): AsyncGenerator<Parts> {
  const { info } = source;
  if (source.readRaw === undefined || rect.width < 1 || rect.height < 1 || !contains(rectOf(info), rect)) {
    throw badInput({ what: 'no such rect', where: source.name, expected: 'pixels of an image that is stored raw' });
  }
  const rowBytes = rect.width * info.channels * SAMPLE_BYTES[info.dtype];
  const rowsAtOnce = Math.max(1, Math.floor(MESSAGE_BYTES / rowBytes));
  const length = rowBytes * rect.height;
  for (let row = 0; row < rect.height; row += rowsAtOnce) {
    const height = Math.min(rowsAtOnce, rect.height - row);
    const data = Buffer.allocUnsafeSlow(rowBytes * height);
    await source.readRaw({ ...rect, y: rect.y + row, height }, data, rowBytes);
    for (let start = 0; start < data.length; start += MESSAGE_BYTES) {
      const slice = data.subarray(start, start + MESSAGE_BYTES);
      yield [{ index: 0, length, data: slice, crc: crc32(slice) }];
    }
  }
}

/** Blocks that an earlier stage stored; indices are positions in `reads`. */
export async function* storedMessages(
  sink: Exclude<SinkRef, { kind: 'coordinator' }>,
  reads: readonly StoredRead[],
  indexes: readonly number[],
): AsyncGenerator<Parts> {
  yield* packed(
    (async function* () {
      for (const index of indexes) {
        const read = reads[index];
        if (read === undefined) throw badInput({ what: 'no such stored block', where: `read ${index}` });
        yield { index, bytes: readStored(sink, read) };
      }
    })(),
  );
}

function readStored(sink: Exclude<SinkRef, { kind: 'coordinator' }>, read: StoredRead): Uint8Array {
  const path = sink.kind === 'placed' ? sink.file : join(sink.partial, read.part);
  const bytes = new Uint8Array(read.length);
  const fd = openSync(path, 'r');
  try {
    if (readFully(fd, bytes, read.offset) === read.length && (read.part === '' || crc32(bytes) === read.crc)) {
      return bytes;
    }
  } finally {
    closeSync(fd);
  }
  throw new HalotileError('output-failed', {
    what: 'a block that an earlier stage stored is damaged',
    where: `${path} at byte ${read.offset}`,
    remedy: 'use --restart to begin anew',
  });
}

async function* packed(blocks: AsyncIterable<{ index: number; bytes: Uint8Array }>): AsyncGenerator<Parts> {
  let parts: Parts = [];
  let size = 0;
  for await (const { index, bytes } of blocks) {
    const { length } = bytes;
    let start = 0;
    do {
      const data = bytes.subarray(start, start + MESSAGE_BYTES - size);
      parts.push({ index, length, data, crc: crc32(data) });
      start += data.length;
      size += data.length;
      if (size >= MESSAGE_BYTES) {
        yield parts;
        parts = [];
        size = 0;
      }
    } while (start < length);
  }
  if (parts.length > 0) yield parts;
}
