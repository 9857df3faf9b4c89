import { crc32 } from 'node:zlib';
import { HalotileError } from '../../tiling/errors.js';

const SKIPPED_AT_ONCE = 1 << 20;

/** The bytes of a stream of chunks, taken in runs of exactly the length asked for. */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#source = chunks[Symbol.asyncIterator]();
  }

  /** @throws data-loss where the stream ends before */
  async take(length: number): Promise<Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    for (let missing = length; missing > 0; ) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done) throw new HalotileError('data-loss', { what: `a result ended ${missing} bytes early` });
        this.#rest = next.value;
      }
      // What a thread gets is gone here: a piece of a chunk that is needed again is copied.
      const piece = this.#rest.length <= missing ? this.#rest : this.#rest.slice(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      missing -= piece.length;
      pieces.push(piece);
    }
    return pieces;
  }

  /**
   * The next bytes in one array.
   * @throws data-loss where they are not what was announced
   */
  async takeWhole({ length, crc }: { readonly length: number; readonly crc: number }, name: string): Promise<Buffer> {
    const bytes = Buffer.concat(await this.take(length), length);
    if (crc32(bytes) === crc) return bytes;
    throw new HalotileError('data-loss', { what: `${name} was damaged on its way`, remedy: 'send it again' });
  }

  /** Lets the next bytes go by. @throws as {@link take} */
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; left -= Math.min(left, SKIPPED_AT_ONCE)) {
      await this.take(Math.min(left, SKIPPED_AT_ONCE));
    }
  }

  /** @throws data-loss where more came than was taken */
  end(): void {
    if (this.#rest.length > 0) {
      throw new HalotileError('data-loss', { what: `${this.#rest.length} bytes came behind a result's last one` });
    }
  }
}
