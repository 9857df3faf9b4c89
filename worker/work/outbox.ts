import { mkdirSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { writeWhole } from '../../tiling/stitch/publish.js';
import type { SpillPlace } from '../../tiling/work/kind.js';
import type { StoredFile } from '../../tiling/work/references.js';
import { SpillWriter } from './spill-file.js';

/** Takes what a task makes beside blocks, by position among its outputs. */
export interface Outbox {
  /** The files that it took. */
  readonly files: readonly StoredFile[];
  /**
   * Puts a file to `path`, whole or not at all.
   * @throws output-failed with what the system said
   */
  file(output: number, path: string, bytes: Uint8Array): void;
  /** Keeps bytes in a spill file of `folder`; null where there is no room for them. */
  spill(output: number, folder: string, bytes: Uint8Array): SpillPlace | null;
  /** Whether what is kept travels with the result, which is worth it only where making it anew is not cheaper. */
  readonly spillTravels: boolean;
  /** Forgets all spilled bytes. */
  dropSpilled(): void;
  close(): void;
}

/** Files appear at their names, spilled bytes in this thread's spill file of their folder. */
export class LocalOutbox implements Outbox {
  readonly spillTravels = false;
  readonly #writer: string;
  readonly #files: StoredFile[] = [];
  readonly #spills = new Map<string, SpillWriter>();

  /** @param writer names the thread among all that ever spill for a job */
  constructor(writer: string) {
    this.#writer = writer;
  }

  get files(): readonly StoredFile[] {
    return this.#files;
  }

  file(output: number, path: string, bytes: Uint8Array): void {
    writeWhole(path, bytes);
    this.#files.push({ output, length: bytes.length, crc: crc32(bytes) });
  }

  spill(_output: number, folder: string, bytes: Uint8Array): SpillPlace {
    let spill = this.#spills.get(folder);
    if (spill === undefined) {
      mkdirSync(folder, { recursive: true });
      spill = new SpillWriter(folder, this.#writer);
      this.#spills.set(folder, spill);
    }
    return spill.append(bytes);
  }

  dropSpilled(): void {}

  close(): void {
    for (const spill of this.#spills.values()) spill.close();
  }
}
