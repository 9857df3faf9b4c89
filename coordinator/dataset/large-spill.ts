import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Size } from '../../tiling/geometry/rect.js';
import { writeFully } from '../../tiling/stitch/copy-blocks.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import type { SpilledFrame } from '../../tiling/work/frames.js';

/** The spill file, in a character's folder of such, of frames that were put together here from tiles. */
const FILE = 'large.raw';

/**
 * Keeps the pixels of a large image at its final size where a frame's would lie, so that it goes on as a frame.
 * @throws output-failed with what the system said
 */
export function spillLarge(
  folder: string,
  { rgba, size }: { readonly rgba: Uint8Array; readonly size: Size },
): SpilledFrame {
  const file = join(folder, FILE);
  try {
    mkdirSync(folder, { recursive: true });
    const fd = openSync(file, 'a+');
    try {
      const offset = fstatSync(fd).size;
      writeFully(fd, rgba, offset);
      return { file, offset, size, crc: crc32(rgba) };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw outputFault(error, file);
  }
}
