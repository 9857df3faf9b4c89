import { PNG_SIGNATURE } from '../png-signature.js';
import { type RandomBytes, readBytes } from '../tiff/random-bytes.js';

/** Of a chunk: its length and name, and its checksum. */
const HEAD_BYTES = 8;
const CRC_BYTES = 4;
/** Of a frame of an animation. */
const FRAME_HEADER_BYTES = 26;

/** Whether the first bytes of a file are a PNG's, its size among them. */
export function isPng(head: Uint8Array): boolean {
  return head.length >= 24 && PNG_SIGNATURE.every((byte, at) => head[at] === byte);
}

/**
 * How many pictures a PNG holds: the frames of an animation, and before them one for programs that show no animations,
 * where it is none of the frames. Frames are counted by their headers (fcTL), not taken from what acTL says, which no
 * file's size bounds. 1 too for what is damaged: whoever decodes it says so.
 */
export function pngPictures(file: RandomBytes): number {
  let isAnimated = false;
  let frames = 0;
  let stills = 0;
  for (let at = PNG_SIGNATURE.length; at + HEAD_BYTES + CRC_BYTES <= file.size; ) {
    const head = Buffer.from(readBytes(file, at, HEAD_BYTES, 'PNG chunk'));
    const name = head.toString('latin1', 4);
    const length = head.readUInt32BE(0);
    if (name === 'acTL') isAnimated = true;
    if (name === 'fcTL' && length === FRAME_HEADER_BYTES) frames++;
    if (name === 'IDAT') {
      if (!isAnimated) return 1;
      // The first picture is a frame where it has a frame's header.
      if (frames === 0) stills = 1;
    }
    at += HEAD_BYTES + length + CRC_BYTES;
  }
  return Math.max(1, stills + frames);
}
