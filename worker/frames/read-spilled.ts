import { crc32 } from 'node:zlib';
import { readPiece } from '../../tiling/stitch/copy-blocks.js';
import type { SpilledFrame } from '../../tiling/work/frames.js';
import type { DecodedFrame } from './decoded-frame.js';

/** A spilled frame; undefined where its file is gone or does not hold it any more. */
export function readSpilled({ file, offset, size, crc, content }: SpilledFrame): DecodedFrame | undefined {
  const rgba = content ?? readPiece(file, offset, size.width * size.height * 4);
  return rgba !== undefined && crc32(rgba) === crc ? { rgba, size } : undefined;
}
