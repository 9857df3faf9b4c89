import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { halotile } from '../../proto/gen/messages.js';
import { badInput } from '../../tiling/errors.js';
import type { FrameFile } from '../../tiling/palette/frame-task.js';
import type { EncodedMessage } from './block-message.js';

/** Bytes of files in one message. */
const MESSAGE_BYTES = 1 << 20;

/** Files or pieces of files as messages of at most 1 MiB, several small ones in one. */
export async function* fileMessages(
  indexes: readonly number[],
  fileAt: (index: number) => FrameFile | undefined,
): AsyncGenerator<EncodedMessage> {
  let parts: halotile.v1.IBlockPart[] = [];
  let size = 0;
  for (const index of indexes) {
    const file = fileAt(index);
    if (file === undefined) throw badInput({ what: 'the frames have no such file', where: `file ${index}` });
    for await (const part of partsOf(index, file)) {
      if (size + part.data.length > MESSAGE_BYTES) {
        yield encoded(parts);
        parts = [];
        size = 0;
      }
      parts.push(part);
      size += part.data.length;
    }
  }
  if (parts.length > 0) yield encoded(parts);
}

function encoded(parts: halotile.v1.IBlockPart[]): EncodedMessage {
  return { bytes: halotile.v1.FetchBlocksResponse.encode({ parts }).finish() as Buffer, sent() {} };
}

interface FilePart {
  readonly index: number;
  readonly length: number;
  readonly data: Uint8Array;
  readonly crc: number;
  readonly lost?: boolean;
}

async function* partsOf(index: number, { path, offset = 0, length: wanted }: FrameFile): AsyncGenerator<FilePart> {
  const empty = { index, length: 0, data: new Uint8Array(0), crc: 0 };
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) {
    yield { ...empty, lost: true };
    return;
  }
  try {
    const { size } = await file.stat();
    const length = wanted ?? size;
    if (offset + length > size) yield { ...empty, lost: true };
    else if (length === 0) yield empty;
    else {
      for (let position = 0; position < length; ) {
        const data = Buffer.allocUnsafeSlow(Math.min(MESSAGE_BYTES, length - position));
        const { bytesRead } = await file.read(data, 0, data.length, offset + position);
        // A file that shrinks meanwhile comes short, which the worker notices.
        if (bytesRead === 0) return;
        const sent = data.subarray(0, bytesRead);
        yield { index, length, data: sent, crc: crc32(sent) };
        position += bytesRead;
      }
    }
  } finally {
    await file.close();
  }
}
