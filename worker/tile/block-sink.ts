import { closeSync, constants, fstatSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../tiling/plan/plan.js';
import { writeFully } from '../../tiling/stitch/copy-blocks.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import { type BlockPlaces, placedLayout } from '../../tiling/tiff/tiff-layout.js';
import type { SinkRef } from '../../tiling/work/references.js';

/** Where one thread puts the encoded blocks of one job. */
export interface BlockSink {
  /** Name of the part file for the ledger; empty for placed blocks. */
  readonly part: string;
  /** A new attempt starts; what an earlier one left is dropped. */
  begin?(): void;
  /**
   * Writes a block and returns its offset.
   * @throws output-failed with what the system said
   */
  put(block: { readonly level: number; readonly index: number }, bytes: Uint8Array): number;
  /** Returns when what was put will survive what the job asks for; called before a tile is reported. */
  settle(): void;
  /** The bytes of what was put since the attempt began, where they are held: they are the caller's then. */
  taken?(): readonly Uint8Array[];
  close(): void;
}

/** A sink in storage that this machine sees. */
export type StoredSinkRef = Exclude<SinkRef, { readonly kind: 'coordinator' }>;

/** @param thread distinguishes the part files of all threads that ever work on a job */
export function openSink(ref: StoredSinkRef, plan: Plan, thread: string): BlockSink {
  return ref.kind === 'placed' ? new PlacedSink(ref.file, plan, ref.durable) : new PartSink(ref, thread);
}

/** Appends blocks to a part file of its own. */
class PartSink implements BlockSink {
  readonly part: string;
  readonly #fd: number;
  readonly #durable: boolean;
  #end: number;

  constructor(ref: SinkRef & { kind: 'parts' }, thread: string) {
    this.part = `part-${thread}`;
    // Not O_APPEND: what a failed write left behind is written over, so that offsets stay true.
    const path = join(ref.partial, ref.epoch, this.part);
    this.#fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
    this.#end = fstatSync(this.#fd).size;
    this.#durable = ref.durable;
  }

  put(_block: { level: number; index: number }, bytes: Uint8Array): number {
    const offset = this.#end;
    guarded(this.part, () => writeFully(this.#fd, bytes, offset));
    this.#end += bytes.length;
    return offset;
  }

  settle(): void {
    if (this.#durable) fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Writes uncompressed blocks where the finished file will have them. */
class PlacedSink implements BlockSink {
  readonly part = '';
  readonly #file: string;
  readonly #fd: number;
  readonly #places: readonly BlockPlaces[];
  readonly #durable: boolean;

  constructor(file: string, plan: Plan, durable: boolean) {
    this.#file = file;
    this.#fd = openSync(file, constants.O_RDWR | constants.O_NOFOLLOW);
    this.#places = placedLayout(plan).places;
    this.#durable = durable;
  }

  put({ level, index }: { level: number; index: number }, bytes: Uint8Array): number {
    const offset = this.#places[level]!.offsets[index]!;
    guarded(this.#file, () => writeFully(this.#fd, bytes, offset));
    return offset;
  }

  settle(): void {
    if (this.#durable) fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function guarded(where: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw outputFault(cause, where);
  }
}
