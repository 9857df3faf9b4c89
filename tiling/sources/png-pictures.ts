import { type RandomBytes, readBytes } from '../tiff/random-bytes.js';

const SIGNATURE = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Of a chunk: its length and name, and its checksum. */
const HEAD_BYTES = 8;
const CRC_BYTES = 4;

/** Whether the first bytes of a file are a PNG's, its size among them. */
export function isPng(head: Uint8Array): boolean {
  return head.length >= 24 && SIGNATURE.equals(head.subarray(0, 8));
}

/**
 * How many pictures a PNG holds: the frames of an animation (chunk acTL), and before them one for programs that show no
 * animations, where it is none of the frames. 1 too for what is damaged: whoever decodes it says so.
 */
export function pngPictures(file: RandomBytes): number {
  let frames: number | undefined;
  for (let at = SIGNATURE.length; at + HEAD_BYTES + CRC_BYTES <= file.size; ) {
    const head = Buffer.from(readBytes(file, at, HEAD_BYTES, 'PNG chunk'));
    const name = head.toString('latin1', 4);
    if (name === 'IDAT') return frames === undefined ? 1 : frames + 1;
    // The first picture is a frame where it has a frame's header.
    if (name === 'fcTL' && frames !== undefined) return Math.max(1, frames);
    const length = head.readUInt32BE(0);
    if (name === 'acTL' && length === 8 && at + HEAD_BYTES + length <= file.size) {
      frames = Buffer.from(readBytes(file, at + HEAD_BYTES, 4, 'PNG chunk')).readUInt32BE(0);
    }
    at += HEAD_BYTES + length + CRC_BYTES;
  }
  return 1;
}
