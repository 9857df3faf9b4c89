import { HalotileError } from '../../tiling/errors.js';
import type { TiffFileSource } from '../../tiling/sources/tiff-file-source.js';
import type { ReadFile, ThreadFile } from './file-thread.js';

/**
 * A file that threads read and write by its descriptor. It is closed when the last of them is done with it: a
 * descriptor that was closed under a thread may be another file by then.
 */
export class HeldFile<F extends ReadFile = ThreadFile> {
  readonly #file: F;
  readonly #closeFile: () => void | Promise<void>;
  #users = 0;
  #closing: Promise<void> | undefined;
  #lastUserGone: () => void = () => {};

  constructor(file: F, closeFile: () => void | Promise<void>) {
    this.#file = file;
    this.#closeFile = closeFile;
  }

  /** @throws not-found once it is closed */
  async use<T>(work: (file: F) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      throw new HalotileError('not-found', { what: 'the job is not open any more', file: this.#file.name });
    }
    this.#users++;
    try {
      return await work(this.#file);
    } finally {
      this.#users--;
      if (this.#users === 0) this.#lastUserGone();
    }
  }

  /** Nobody may use it from now on; it is closed when nobody does. What was only read loses nothing by that. */
  release(): void {
    this.close().catch(() => {});
  }

  /** Nobody may use it from now on; returns when nobody does. */
  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      this.#lastUserGone = () => {
        resolve(this.#closeFile());
      };
      if (this.#users === 0) this.#lastUserGone();
    });
    return this.#closing;
  }
}

/** A raster's file, for threads; closing it closes the source. */
export function heldSource(source: TiffFileSource): HeldFile<ReadFile> {
  return new HeldFile<ReadFile>({ fd: source.fd, name: source.name } as ReadFile, () => source.close());
}
