import { rmSync } from 'node:fs';
import { Threads } from '../../threads/threads.js';
import { fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { FollowedTiles } from './followed-tiles.js';
import type { Look, PartRequest, PictureAnswer, PictureFacts, PicturePlace, PictureSite } from './picture-thread.js';

/** JavaScript heap of the thread; pixels and encoded blocks lie outside it. */
const HEAP_MIB = 512;
/** Requests that wait for the thread; a page that zooms asks for a few dozen and gives up what it does not need. */
const MAX_WAITING = 400;
const IDLE_MS = 60_000;

/** Pictures for people: decoded, toned and encoded in a thread of its own, which is there while somebody looks. */
export class Pictures {
  readonly #thread: Threads<PictureAnswer<unknown>>;
  readonly #scratch: string;
  #waiting = 0;

  /** @param scratch folder for pictures without random access; removed when it is closed */
  constructor(scratch: string) {
    this.#scratch = scratch;
    const file = new URL('./picture-thread.js', import.meta.url);
    const data: PictureSite = { scratch };
    this.#thread = new Threads({ file, count: 1, idleMs: IDLE_MS, data, oldHeapMiB: HEAP_MIB });
  }

  describe(place: PicturePlace): Promise<PictureFacts> {
    return this.#ask('describe', place);
  }

  /** @throws bad-usage for a request that is none; bad-input, over-limit, not-found */
  part(
    place: PicturePlace,
    of: PartRequest,
    look: Look,
  ): Promise<{ readonly bytes: Uint8Array; readonly format: string }> {
    return this.#ask('part', { place, of, look });
  }

  values(place: PicturePlace, x: number, y: number): Promise<readonly number[] | undefined> {
    return this.#ask('values', { place, x, y });
  }

  tiles(place: PicturePlace, from: number): Promise<FollowedTiles> {
    return this.#ask('tiles', { place, from });
  }

  about(place: PicturePlace): Promise<unknown> {
    return this.#ask('about', place);
  }

  async close(): Promise<void> {
    await this.#thread.close();
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  async #ask<T>(name: string, request: object): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      throw new HalotileError('over-limit', {
        what: `${this.#waiting} pictures are asked for at once`,
        remedy: 'ask again when some have come',
      });
    }
    this.#waiting++;
    try {
      const answer = (await this.#thread.ask(request, { name })) as PictureAnswer<T>;
      if ('error' in answer) throw fromErrorRecord(answer.error);
      return answer.value;
    } finally {
      this.#waiting--;
    }
  }
}
