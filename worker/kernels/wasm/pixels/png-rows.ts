import { instantiate } from '../memory/instance.js';

const PAGE = 65536;
/** Rows that are worked on at a time stay in the cache. */
const STRIP_BYTES = 1 << 19;

/** Takes the filters off the rows of PNGs, one image at a time; a thread has one. */
export class PngRows {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  readonly #takeFilters = instantiate({ memory: this.#memory }, 'pixels/png-rows', ['takeFilters']).takeFilters;

  /**
   * Calls `take` for rows [from, to) of an image after the other: `bytes` holds them without filter, row `from` at
   * `start` and each next one `rowBytes + 1` later; it is the caller's until it returns. `filtered` are all rows as
   * they lie in the file after inflation, each behind the byte that names its filter; it stays as it is.
   * Returns whether all filters are known; nothing is taken after one that is not.
   */
  eachStrip(
    filtered: Uint8Array,
    { rows, rowBytes, pixelBytes }: { readonly rows: number; readonly rowBytes: number; readonly pixelBytes: number },
    take: (strip: {
      readonly from: number;
      readonly to: number;
      readonly bytes: Uint8Array;
      readonly start: number;
    }) => void,
  ): boolean {
    const stride = rowBytes + 1;
    const most = Math.max(1, Math.floor(STRIP_BYTES / stride));
    /** The row above as it is after its filter: in `filtered` or in the memory; undefined above the first. */
    let prior: Uint8Array | undefined;
    for (let from = 0; from < rows; ) {
      const to = Math.min(rows, from + most);
      const part = filtered.subarray(from * stride, to * stride);
      let bytes = part;
      let start = 1;
      if (!isPlain(part, stride)) {
        const room = this.#room(stride + part.length + 16);
        if (prior === undefined) room.fill(0, 1, stride);
        else room.set(prior, 1);
        room.set(part, stride);
        if (this.#takeFilters(stride, to - from, rowBytes, pixelBytes, 1) < to - from) return false;
        bytes = room;
        start = stride + 1;
      }
      take({ from, to, bytes, start });
      const last = start + (to - from - 1) * stride;
      prior = bytes.slice(last, last + rowBytes);
      from = to;
    }
    return true;
  }

  #room(bytes: number): Uint8Array {
    const missing = bytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    return new Uint8Array(this.#memory.buffer);
  }
}

function isPlain(rows: Uint8Array, stride: number): boolean {
  for (let at = 0; at < rows.length; at += stride) if (rows[at] !== 0) return false;
  return true;
}
