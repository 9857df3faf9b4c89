import type { TileRuns } from '../coordinator/index.js';
import { openThreads } from '../library/executor.js';

/** Tiles of large images on two threads of this process, started at the first one; `close` ends them. */
export function localTiles(): TileRuns & { readonly close: () => Promise<void> } {
  const machine = { threads: 2, memoryBytes: 512 * 2 ** 20 };
  let executor: ReturnType<typeof openThreads> | undefined;
  return {
    machine,
    executor: () => {
      executor ??= openThreads(machine);
      return executor;
    },
    close: async () => executor?.close(),
  };
}
