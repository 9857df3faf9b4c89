import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { badInput } from '../../tiling/errors.js';
import type { Size } from '../../tiling/geometry/rect.js';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';
import { type DecodedFrame, decodeFrame } from './decode-frame.js';

/** A frame as it came from its file. */
export interface LoadedFrame {
  /** At the wanted size. */
  readonly frame: DecodedFrame;
  /** Size as stored. */
  readonly source: Size;
  /** First 16 bytes of the SHA-256 of the file, hexadecimal. */
  readonly contentHash: string;
  readonly bytesRead: number;
}

/**
 * Reads, decodes and downscales one frame; `size` null keeps its own.
 * @throws HalotileError bad-input where it cannot be read
 */
export async function loadFrame(path: string, size: Size | null): Promise<LoadedFrame> {
  const bytes = readBytes(path);
  const decoded = await decodeFrame(bytes, path);
  const frame = size === null ? decoded : { rgba: scaleNearestRgba(decoded.rgba, decoded.size, size), size };
  const contentHash = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  return { frame, source: decoded.size, contentHash, bytesRead: bytes.length };
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw badInput({ what: `the frame cannot be read (${code})`, where: path, expected: 'a readable file' }, error);
  }
}
