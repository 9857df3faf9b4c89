import { crc32 } from 'node:zlib';
import { writeWhole } from '../../tiling/stitch/publish.js';
import type { SpillPlace } from '../../tiling/work/kind.js';
import { grantedFile, type StoredFile } from '../../tiling/work/references.js';
import { LocalOutbox, type Outbox } from '../work/outbox.js';

/** Spilled bytes that travel with one result at most; what is beyond is made anew when it is wanted. */
const CARRIED_BYTES = 64 << 20;

/** Where a coordinator wants what a granted task makes. */
export interface GrantedPlaces {
  readonly lease: number;
  /** Folder for files, which the coordinator moves; they travel with the result where absent. */
  readonly incoming?: string;
  /** Folder of spill files that the coordinator sees; bytes travel with the result where absent. */
  readonly spill?: string;
}

/** Takes what a granted task makes: in storage that the coordinator sees, or to travel with the result. */
export class GrantedOutbox implements Outbox {
  /** Bytes that travel, by position among the task's outputs. */
  readonly carried = new Map<number, Uint8Array>();
  readonly #places: GrantedPlaces;
  readonly #local: LocalOutbox;
  readonly #files: StoredFile[] = [];
  readonly #spilled = new Set<number>();
  #spilledBytes = 0;

  constructor(places: GrantedPlaces, writer: string) {
    this.#places = places;
    this.#local = new LocalOutbox(writer);
  }

  get spillTravels(): boolean {
    return this.#places.spill === undefined;
  }

  /** Also those that travel, spilled bytes among them. */
  get files(): readonly StoredFile[] {
    return this.#files;
  }

  file(output: number, _path: string, bytes: Uint8Array): void {
    const { incoming, lease } = this.#places;
    if (incoming === undefined) this.carried.set(output, bytes);
    else writeWhole(grantedFile(incoming, lease, output), bytes);
    this.#files.push({ output, length: bytes.length, crc: crc32(bytes) });
  }

  spill(output: number, _folder: string, bytes: Uint8Array): SpillPlace | null {
    const { spill } = this.#places;
    if (spill !== undefined) return this.#local.spill(output, spill, bytes);
    this.#spilledBytes += bytes.length;
    if (this.#spilledBytes > CARRIED_BYTES) return null;
    this.carried.set(output, bytes);
    this.#spilled.add(output);
    const crc = crc32(bytes);
    this.#files.push({ output, length: bytes.length, crc });
    return { file: '', offset: 0, crc };
  }

  dropSpilled(): void {
    for (const output of this.#spilled) {
      this.carried.delete(output);
      this.#files.splice(
        this.#files.findIndex((file) => file.output === output),
        1,
      );
    }
    this.#spilled.clear();
  }

  close(): void {
    this.#local.close();
  }
}
