import type { Plan } from '../../tiling/plan/plan.js';
import { assignOffsets, type BlockPlaces, encodeIndex, placedLayout, placesOf } from '../../tiling/tiff/tiff-layout.js';
import type { BlockSink } from './block-sink.js';

/** Holds the blocks of a whole image, and makes the file of them that a job would have written. */
export interface MemorySink extends BlockSink {
  /** A block that was put. */
  block(level: number, index: number): Uint8Array;
  /** The finished file, once every block of the plan is there. */
  file(): Uint8Array;
}

/** A sink for the blocks of a plan. */
export function openMemorySink(plan: Plan): MemorySink {
  return plan.encoding.codec === 'none' ? new PlacedMemory(plan) : new EncodedMemory(plan);
}

/** Encoded blocks, whose places are known when the last of them is. */
class EncodedMemory implements MemorySink {
  readonly part = '';
  readonly #plan: Plan;
  readonly #blocks: Uint8Array[][] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  put({ level, index }: { level: number; index: number }, bytes: Uint8Array): number {
    this.#blocks[level] ??= [];
    this.#blocks[level][index] = bytes;
    return 0;
  }

  settle(): void {}

  block(level: number, index: number): Uint8Array {
    return this.#blocks[level]![index]!;
  }

  file(): Uint8Array {
    const places = placesOf(
      this.#plan,
      this.#blocks.flatMap((blocks, level) => blocks.map(({ length }, index) => ({ level, index, length }))),
    );
    const bytes = new Uint8Array(assignOffsets(this.#plan, places));
    bytes.set(encodeIndex(this.#plan, places));
    for (const [level, { offsets }] of places.entries()) {
      for (const [index, offset] of offsets.entries()) bytes.set(this.block(level, index), offset);
    }
    return bytes;
  }

  close(): void {}
}

/** Uncompressed blocks, each at its place at once. */
class PlacedMemory implements MemorySink {
  readonly part = '';
  readonly #places: readonly BlockPlaces[];
  readonly #bytes: Uint8Array;

  constructor(plan: Plan) {
    const { places, fileBytes } = placedLayout(plan);
    this.#places = places;
    this.#bytes = new Uint8Array(fileBytes);
    this.#bytes.set(encodeIndex(plan, places));
  }

  put({ level, index }: { level: number; index: number }, bytes: Uint8Array): number {
    const offset = this.#places[level]!.offsets[index]!;
    this.#bytes.set(bytes, offset);
    return offset;
  }

  settle(): void {}

  block(level: number, index: number): Uint8Array {
    const { offsets, lengths } = this.#places[level]!;
    return this.#bytes.subarray(offsets[index]!, offsets[index]! + lengths[index]!);
  }

  file(): Uint8Array {
    return this.#bytes;
  }

  close(): void {}
}
