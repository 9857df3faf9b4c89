import { HalotileError } from '../../tiling/errors.js';
import type { FileThreads } from './file-threads.js';
import type { LookRequest } from './look-at-file.js';
import { NoResult } from './no-result.js';

/** How files are looked at that workers wrote into storage which this coordinator sees too. */
export interface Looking {
  readonly threads: FileThreads;
  /** Uniform in [0, 1): which of several pieces is read, so that no writer knows. */
  readonly random: () => number;
}

/**
 * Checks that what a worker wrote into shared storage is there for this coordinator too.
 * @throws output-failed where bytes are not visible (yet); NoResult where it is no file, or holds other bytes
 */
export async function checkSeen(
  { threads }: Looking,
  { exact, here = false, ...request }: LookRequest & { readonly exact: boolean; readonly here?: boolean },
): Promise<void> {
  const found = await threads.look(request, here);
  const { path, bytes } = request;
  switch (found) {
    case 'short':
      throw new HalotileError('output-failed', {
        what: `not all of its ${bytes} bytes are visible to the coordinator`,
        file: path,
        remedy: 'use storage that shows writes to other machines when the file is synced, or leave the root out',
      });
    case 'foreign':
      throw new NoResult({ what: 'it is no regular file', file: path });
    case 'damaged':
      throw new NoResult({
        what: 'its bytes have another CRC than the worker says',
        file: path,
        remedy: "look at the worker's memory and storage",
      });
    case 'long':
      if (exact) throw new NoResult({ what: `it has more than ${bytes} bytes`, file: path });
      break;
    case 'fine':
      break;
  }
}

/** One of several, drawn. */
export function drawn<T>(items: readonly T[], { random }: Looking): T | undefined {
  return items[Math.floor(random() * items.length)];
}
