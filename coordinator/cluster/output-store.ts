import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { badInput } from '../../tiling/errors.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import { moveInto, writeWhole } from '../../tiling/stitch/publish.js';
import { grantedFile } from '../../tiling/work/granted-file.js';
import type { SpillPlace } from '../../tiling/work/kind.js';
import type { OutputRef } from '../../tiling/work/references.js';
import type { TaskResult } from '../../tiling/work/task.js';
import { checkVisible } from './block-store.js';

/** The spill file, in each folder of such, of bytes that came with results. */
const SPILL = 'coordinator.raw';

/** What a result brought, and the lease under whose name the rest was written. */
export interface BroughtFiles {
  readonly result: TaskResult;
  readonly lease: number;
  /** By position among the task's outputs. */
  readonly carried: ReadonlyMap<number, Uint8Array>;
}

/**
 * Puts the files that tasks make to where their job wants them. They reach their names by a rename that only this
 * coordinator does, so that a worker which was thought dead can overwrite nothing.
 */
export class OutputStore {
  readonly #incoming: string;
  #opened: Promise<unknown> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param incoming folder that workers which see it write into; all others beside it are of earlier runs */
  constructor(incoming: string) {
    this.#incoming = incoming;
  }

  /** Makes the folder for what comes, without what earlier runs left: a worker of theirs finds its own folder gone. */
  open(): Promise<unknown> {
    this.#opened ??= rm(dirname(this.#incoming), { recursive: true, force: true }).then(() =>
      mkdir(this.#incoming, { recursive: true }),
    );
    return this.#opened;
  }

  /**
   * Checks that files which a worker wrote by itself can be seen here.
   * @throws output-failed
   */
  async check({ result, lease, carried }: BroughtFiles): Promise<void> {
    for (const { output, length } of result.files) {
      if (!carried.has(output)) await checkVisible(grantedFile(this.#incoming, lease, output), { atLeast: length });
    }
  }

  /**
   * Stores the files of a result that counts; returns where spilled bytes lie now.
   * @throws output-failed; bad-input for a file that the task does not have
   */
  async take(brought: BroughtFiles, outputs: readonly (OutputRef | null)[]): Promise<Map<number, SpillPlace>> {
    const { result, lease, carried } = brought;
    const spilled = new Map<string, { readonly output: number; readonly bytes: Uint8Array }[]>();
    for (const { output } of result.files) {
      const ref = outputs[output];
      const bytes = carried.get(output);
      if (!ref) throw badInput({ what: 'the task has no such output', where: `output ${output}` });
      if (ref.form === 'file') {
        if (bytes === undefined) moveInto(grantedFile(this.#incoming, lease, output), ref.path);
        else writeWhole(ref.path, bytes);
      } else if (bytes !== undefined) spilled.set(ref.folder, [...(spilled.get(ref.folder) ?? []), { output, bytes }]);
    }
    const places = new Map<number, SpillPlace>();
    for (const [folder, pieces] of spilled) {
      for (const [output, place] of await this.#append(folder, pieces)) places.set(output, place);
    }
    return places;
  }

  async close(): Promise<void> {
    if (this.#opened !== undefined) await rm(dirname(this.#incoming), { recursive: true, force: true });
  }

  /** Appends bytes to the coordinator's own spill file of a folder, one result after another. */
  #append(
    folder: string,
    pieces: readonly { readonly output: number; readonly bytes: Uint8Array }[],
  ): Promise<Map<number, SpillPlace>> {
    const appended = this.#last.then(async () => {
      const file = join(folder, SPILL);
      const places = new Map<number, SpillPlace>();
      try {
        await mkdir(folder, { recursive: true });
        const handle = await open(file, 'a');
        try {
          let { size: offset } = await handle.stat();
          for (const { output, bytes } of pieces) {
            await handle.writeFile(bytes);
            places.set(output, { file, offset, crc: crc32(bytes) });
            offset += bytes.length;
          }
        } finally {
          await handle.close();
        }
      } catch (error) {
        throw outputFault(error, file);
      }
      return places;
    });
    this.#last = appended.catch(() => {});
    return appended;
  }
}
