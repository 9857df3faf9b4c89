import type { RemappedFrame } from '../../tiling/work/remap.js';
import type { LargeProgress } from './large-images.js';

/** How far a dataset is: frames and characters, and bytes moved by this run. */
export interface DatasetProgress {
  readonly frames: { readonly total: number; readonly counted: number; readonly written: number };
  /** `reused` characters needed nothing. */
  readonly characters: { readonly total: number; readonly done: number; readonly reused: number };
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Frames that earlier runs had written and that hold. */
  readonly reused: number;
  /** The large image whose tiles are running, where one is. */
  readonly large: LargeProgress | null;
}

/** Running totals of one run; tells whoever listens of every change. */
export class DatasetCounts {
  readonly #listener: ((progress: DatasetProgress) => void) | undefined;
  readonly #total: { readonly frames: number; readonly characters: number };
  #counted = 0;
  #written = 0;
  #reused = 0;
  #characters = 0;
  #reusedCharacters = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #large: LargeProgress | null = null;

  constructor(
    total: { readonly frames: number; readonly characters: number },
    listener?: (progress: DatasetProgress) => void,
  ) {
    this.#total = total;
    this.#listener = listener;
  }

  counted(frames: number, bytesRead: number): void {
    this.#counted += frames;
    this.#bytesRead += bytesRead;
    this.#tell();
  }

  written(outputs: readonly Pick<RemappedFrame, 'bytes'>[]): void {
    this.#written += outputs.length;
    for (const { bytes } of outputs) this.#bytesWritten += bytes;
    this.#tell();
  }

  reused(frames: number): void {
    this.#reused += frames;
    this.#tell();
  }

  filtering(large: LargeProgress): void {
    this.#large = large.tilesDone === large.tilesTotal ? null : large;
    this.#tell();
  }

  characterReused(frames: number): void {
    this.#reusedCharacters++;
    this.reused(frames);
  }

  characterDone(): void {
    this.#characters++;
    this.#tell();
  }

  progress(): DatasetProgress {
    return {
      frames: { total: this.#total.frames, counted: this.#counted, written: this.#written },
      characters: { total: this.#total.characters, done: this.#characters, reused: this.#reusedCharacters },
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      reused: this.#reused,
      large: this.#large,
    };
  }

  #tell(): void {
    this.#listener?.(this.progress());
  }
}
