import { basename, join } from 'node:path';
import type { SpilledFrame } from '../../../tiling/work/frames.js';

const COUNTED = 1;
const FAILED = 2;
const WRITTEN = 4;
const LARGE = 8;
const LARGE_OUTPUT = 16;
const TRANSPARENT = 32;
const TRANSLUCENT = 64;

/** What is known of an image that is never held whole. */
export interface LargeImage {
  /** It is large at its final size too, and written as an image job of its own. */
  readonly atFinalSize: boolean;
  /** Of such: whether some alpha is 0, and whether some is neither 0 nor 255. */
  readonly transparent: boolean;
  readonly translucent: boolean;
}

/**
 * What is known of a character's frames by index: some 20 bytes a frame, so that a million frames are no
 * burden.
 */
export class FrameTable {
  readonly #directory: string;
  readonly #flags: Uint8Array;
  /** 1-based place in `#files`; 0 where a frame is not spilled. */
  readonly #file: Uint32Array;
  readonly #offset: Float64Array;
  readonly #crc: Uint32Array;
  readonly #width: Uint16Array;
  readonly #height: Uint16Array;
  readonly #files: string[] = [];

  /** @param spillDirectory where all spill files of the character lie */
  constructor(frames: number, spillDirectory: string) {
    this.#directory = spillDirectory;
    this.#flags = new Uint8Array(frames);
    this.#file = new Uint32Array(frames);
    this.#offset = new Float64Array(frames);
    this.#crc = new Uint32Array(frames);
    this.#width = new Uint16Array(frames);
    this.#height = new Uint16Array(frames);
  }

  get length(): number {
    return this.#flags.length;
  }

  spilled(index: number): SpilledFrame | undefined {
    const file = this.#file[index]!;
    if (file === 0) return undefined;
    return {
      file: join(this.#directory, this.#files[file - 1]!),
      offset: this.#offset[index]!,
      size: { width: this.#width[index]!, height: this.#height[index]! },
      crc: this.#crc[index]!,
    };
  }

  setSpilled(index: number, { file, offset, size, crc }: SpilledFrame): void {
    const name = basename(file);
    const known = this.#files.indexOf(name);
    this.#file[index] = known >= 0 ? known + 1 : this.#files.push(name);
    this.#offset[index] = offset;
    this.#crc[index] = crc;
    this.#width[index] = size.width;
    this.#height[index] = size.height;
  }

  isCounted(index: number): boolean {
    return (this.#flags[index]! & COUNTED) !== 0;
  }

  isFailed(index: number): boolean {
    return (this.#flags[index]! & FAILED) !== 0;
  }

  isWritten(index: number): boolean {
    return (this.#flags[index]! & WRITTEN) !== 0;
  }

  /** Undefined for frames that are held whole. */
  large(index: number): LargeImage | undefined {
    const flags = this.#flags[index]!;
    if ((flags & LARGE) === 0) return undefined;
    return {
      atFinalSize: (flags & LARGE_OUTPUT) !== 0,
      transparent: (flags & TRANSPARENT) !== 0,
      translucent: (flags & TRANSLUCENT) !== 0,
    };
  }

  setLarge(index: number, { atFinalSize, transparent, translucent }: LargeImage): void {
    this.#flags[index]! &= ~(LARGE_OUTPUT | TRANSPARENT | TRANSLUCENT);
    this.#flags[index]! |=
      LARGE | (atFinalSize ? LARGE_OUTPUT : 0) | (transparent ? TRANSPARENT : 0) | (translucent ? TRANSLUCENT : 0);
  }

  setCounted(index: number): void {
    this.#flags[index]! |= COUNTED;
  }

  setFailed(index: number): void {
    this.#flags[index]! |= FAILED;
  }

  setWritten(index: number): void {
    this.#flags[index]! |= WRITTEN;
  }

  clearWritten(): void {
    for (let index = 0; index < this.length; index++) this.#flags[index]! &= ~WRITTEN;
  }

  /** How many indices a condition holds for. */
  count(condition: (index: number) => boolean): number {
    let count = 0;
    for (let index = 0; index < this.length; index++) if (condition(index)) count++;
    return count;
  }

  /** Indices for which a condition holds, ascending. */
  *where(condition: (index: number) => boolean): Generator<number> {
    for (let index = 0; index < this.length; index++) if (condition(index)) yield index;
  }
}
