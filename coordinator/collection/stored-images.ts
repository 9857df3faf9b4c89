import { HalotileError } from '../../tiling/errors.js';
import { places } from '../../tiling/places/opener.js';
import { type MadeImage, parseMade } from '../job/made-image.js';
import { mainObjectOf } from '../job/output-place.js';
import type { EarlierImages, ImageLedger } from './collection-ledger.js';

/**
 * Outputs in a store as earlier runs left them: each object says itself what it was made as, to whoever asks.
 * @param forget whether all are made anew
 */
export function storedImages(forget: boolean): EarlierImages {
  return {
    bytes: 0,
    of: async (output) => (forget ? undefined : madeObject(output)),
    // Nothing is met in a store by searching.
    knows: () => false,
    tidy() {},
  };
}

async function madeObject(url: string): Promise<MadeImage | undefined> {
  try {
    return parseMade((await places().look(mainObjectOf(url))).about);
  } catch (error) {
    // What is not there, or not to be seen, is made.
    if (error instanceof HalotileError && (error.tag === 'bad-input' || error.tag === 'not-allowed')) return undefined;
    throw error;
  }
}

/** What a run makes in a store; that it is made is written down there, with each object. */
export class StoredLedger implements ImageLedger {
  readonly #made = new Map<string, MadeImage>();

  begin(): void {}

  of(output: string): MadeImage | undefined {
    return this.#made.get(output);
  }

  made(output: string): MadeImage {
    return this.#made.get(output)!;
  }

  add(...images: readonly { readonly output: string; readonly made: MadeImage }[]): void {
    for (const { output, made } of images) this.#made.set(output, made);
  }

  close(): void {}
}
