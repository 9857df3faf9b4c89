import { HalotileError } from '../../tiling/errors.js';
import type { FileThreads } from './file-threads.js';
import type { Look, LookRequest } from './look-at-file.js';
import { NoResult } from './no-result.js';

/** How files are looked at that workers wrote into storage which this coordinator sees too. */
export interface Looking {
  readonly threads: FileThreads;
  /** Uniform in [0, 1): which of several pieces is read, so that no writer knows. */
  readonly random: () => number;
}

/**
 * Checks that what a worker wrote into shared storage is there for this coordinator too.
 * @param exact whether a file that is longer is none either
 * @param here as {@link FileThreads.look} has it
 * @throws output-failed where bytes are not visible (yet); NoResult where it is no file, or holds other bytes
 */
export async function checkSeen(
  { threads }: Looking,
  files: readonly LookRequest[],
  { exact, here = false }: { readonly exact: boolean; readonly here?: boolean },
): Promise<void> {
  if (files.length === 0) return;
  const found = await threads.look(files, here);
  for (const [position, file] of files.entries()) {
    const fault = faultOf(found[position]!, file, exact);
    if (fault !== undefined) throw fault;
  }
}

function faultOf(found: Look, { path, bytes }: LookRequest, exact: boolean): HalotileError | NoResult | undefined {
  switch (found) {
    case 'short':
      return new HalotileError('output-failed', {
        what: `not all of its ${bytes} bytes are visible to the coordinator`,
        file: path,
        remedy: 'use storage that shows writes to other machines when the file is synced, or leave the root out',
      });
    case 'foreign':
      return new NoResult({ what: 'it is no regular file', file: path });
    case 'damaged':
      return new NoResult({
        what: 'its bytes have another CRC than the worker says',
        file: path,
        remedy: "look at the worker's memory and storage",
      });
    case 'long':
      return exact ? new NoResult({ what: `it has more than ${bytes} bytes`, file: path }) : undefined;
    case 'fine':
      return undefined;
  }
}

/** One of several, drawn. */
export function drawn<T>(items: readonly T[], { random }: Looking): T | undefined {
  return items[Math.floor(random() * items.length)];
}
