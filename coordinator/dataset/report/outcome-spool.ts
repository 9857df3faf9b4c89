import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { CharacterFailure, CharacterSummary } from './character-summary.js';

/** What became of a character. */
export type CharacterOutcome = CharacterSummary | CharacterFailure;

/**
 * What became of each character, in a file until the report is written: summaries hold sample images, and there
 * may be any number of characters.
 */
export class OutcomeSpool {
  readonly #path: string;
  readonly #fd: number;
  readonly #places: ({ readonly offset: number; readonly bytes: number } | undefined)[] = [];
  #end = 0;

  /** An empty spool in a file of that path, which is gone after {@link close}. */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'w+');
  }

  put(character: number, outcome: CharacterOutcome): void {
    const bytes = Buffer.from(JSON.stringify(outcome));
    let written = 0;
    while (written < bytes.length) {
      written += writeSync(this.#fd, bytes, written, bytes.length - written, this.#end + written);
    }
    this.#places[character] = { offset: this.#end, bytes: bytes.length };
    this.#end += bytes.length;
  }

  /** Characters that came to an end, in their order. */
  *summaries(): Generator<CharacterSummary> {
    for (const outcome of this.#all()) if ('palette' in outcome) yield outcome;
  }

  /** Characters that failed, in their order. */
  *failures(): Generator<CharacterFailure> {
    for (const outcome of this.#all()) if (!('palette' in outcome)) yield outcome;
  }

  close(): void {
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }

  *#all(): Generator<CharacterOutcome> {
    for (const place of this.#places) {
      if (place === undefined) continue;
      const bytes = Buffer.alloc(place.bytes);
      let read = 0;
      while (read < bytes.length) read += readSync(this.#fd, bytes, read, bytes.length - read, place.offset + read);
      yield JSON.parse(bytes.toString('utf8')) as CharacterOutcome;
    }
  }
}
