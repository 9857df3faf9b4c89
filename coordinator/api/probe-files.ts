import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StorageRoots } from '../../tiling/sources/storage-roots.js';

/** A worker that does not answer a probe by then has no such root. */
export const PROBE_MS = 5_000;
/** How much older a probe is that nobody waits for: the clock of the storage may be another. */
const LEFT_MS = 60 * PROBE_MS;
const PROBE_NAME = /^\.halotile-probe-[\w-]+$/;

/** Names of a probe and of its answer, below the root. */
export function probeFiles(id: string): { readonly file: string; readonly answerFile: string } {
  const file = `.halotile-probe-${id}`;
  return { file, answerFile: `${file}-answer` };
}

/** Removes what coordinators and workers left below their roots that died in the middle of a probe. */
export function removeLeftProbes(roots: StorageRoots, nowMs: number): void {
  for (const root of roots.names) {
    const directory = roots.directory(root)!;
    for (const name of readdirSync(directory)) {
      if (!PROBE_NAME.test(name)) continue;
      const path = join(directory, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (!stat?.isFile() || nowMs - stat.mtimeMs < LEFT_MS) continue;
      try {
        rmSync(path, { force: true });
      } catch {
        // A root that may only be read holds no probes of ours.
      }
    }
  }
}
