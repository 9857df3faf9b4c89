import { type JobProgress, NO_PROGRESS } from '../../tiling/job/job-progress.js';
import type { RemappedFrame } from '../../tiling/work/remap.js';
import type { LargeProgress } from './large-images.js';

/** Running totals of one run; tells whoever listens of every change. */
export class DatasetCounts {
  readonly #listener: ((progress: JobProgress) => void) | undefined;
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
    listener?: (progress: JobProgress) => void,
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

  progress(): JobProgress {
    return {
      ...NO_PROGRESS,
      ...{ tilesDone: this.#large?.tilesDone ?? 0, tilesTotal: this.#large?.tilesTotal ?? 0 },
      ...(this.#large && { image: this.#large.image }),
      ...{ bytesRead: this.#bytesRead, bytesWritten: this.#bytesWritten },
      imagesCounted: this.#counted,
      imagesDone: this.#written + this.#reused,
      imagesReused: this.#reused,
      imagesTotal: this.#total.frames,
      charactersDone: this.#characters,
      charactersReused: this.#reusedCharacters,
      charactersTotal: this.#total.characters,
    };
  }

  #tell(): void {
    this.#listener?.(this.progress());
  }
}
