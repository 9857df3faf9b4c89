import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import { moveInto, writeWhole } from '../../tiling/stitch/publish.js';
import type { SpillPlace } from '../../tiling/work/kind.js';
import { grantedFile, type OutputRef } from '../../tiling/work/references.js';
import type { TaskResult } from '../../tiling/work/task.js';
import type { LookRequest } from './look-at-file.js';
import { NoResult } from './no-result.js';
import { checkSeen, drawn, type Looking } from './seen-files.js';

/** The spill file, in each folder of such, of bytes that came with results. */
const SPILL = 'coordinator.raw';

/** What a result brought, and the lease under whose name the rest was written. */
export interface BroughtFiles {
  readonly result: TaskResult;
  readonly lease: number;
  /** By position among the task's outputs. */
  readonly carried: ReadonlyMap<number, Uint8Array>;
}

/** Whether files that came may get their names. */
export interface PublishTerms {
  /** Called before any of a result gets its name; throws where another coordinator has the job by now. */
  readonly mayPublish?: () => void;
  /** Whether a file is still to get its name, of a task for several jobs; all are where absent. */
  readonly isWanted?: (path: string) => boolean;
}

/**
 * Puts the files that tasks make to where their job wants them. They reach their names by a rename that only this
 * coordinator does, so that a worker which was thought dead can overwrite nothing.
 */
export class OutputStore {
  readonly #incoming: string | undefined;
  readonly #looking: Looking;
  readonly #terms: PublishTerms;
  #opened: Promise<unknown> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param incoming folder that workers which see it write into; all others beside it are of earlier runs. Where it is
   * absent, all files come with results.
   * @param terms asked before files get their names
   */
  constructor(incoming: string | undefined, looking: Looking, terms: PublishTerms = {}) {
    this.#incoming = incoming;
    this.#looking = looking;
    this.#terms = terms;
  }

  /** Makes the folder for what comes, without what earlier runs left: a worker of theirs finds its own folder gone. */
  async open(): Promise<void> {
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    this.#opened ??= rm(dirname(incoming), { recursive: true, force: true }).then(() =>
      mkdir(incoming, { recursive: true }),
    );
    await this.#opened;
  }

  /**
   * Checks files that a worker wrote by itself: each has its length, and one of them, drawn anew for each result, the
   * CRC that the worker says.
   * @throws output-failed where bytes are not visible here; NoResult
   */
  async check({ result, lease, carried }: BroughtFiles): Promise<void> {
    const files = result.files.filter(({ output }) => !carried.has(output));
    const read = drawn(files, this.#looking);
    const looks = files.map((file): LookRequest => {
      const { output, length: bytes, crc } = file;
      const piece = file === read ? { offset: 0, length: bytes, crc } : undefined;
      return { path: this.#granted(lease, output), bytes, piece };
    });
    await checkSeen(this.#looking, looks, { exact: true });
  }

  /**
   * Stores the files of a result that counts; returns where spilled bytes lie now.
   * @throws output-failed; interrupted where another coordinator has the job by now
   */
  async take(brought: BroughtFiles, outputs: readonly (OutputRef | null)[]): Promise<Map<number, SpillPlace>> {
    const { result, lease, carried } = brought;
    const spilled = new Map<string, { readonly output: number; readonly bytes: Uint8Array }[]>();
    this.#terms.mayPublish?.();
    for (const { output } of result.files) {
      const ref = outputs[output];
      const bytes = carried.get(output);
      if (!ref) throw new NoResult({ what: 'the task has no such output', where: `output ${output}` });
      if (ref.form === 'file') {
        if (this.#terms.isWanted?.(ref.path) === false) continue;
        if (bytes === undefined) moveInto(this.#granted(lease, output), ref.path);
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
    if (this.#opened !== undefined) await rm(dirname(this.#incoming!), { recursive: true, force: true });
  }

  /** @throws NoResult where no worker was given a place for its files */
  #granted(lease: number, output: number): string {
    if (this.#incoming !== undefined) return grantedFile(this.#incoming, lease, output);
    throw new NoResult({ what: 'it names a file, which should have come with it', where: `output ${output}` });
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
