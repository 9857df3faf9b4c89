import { intersect, type Rect, rectOf, type Size } from '../geometry/rect.js';
import { allocateSamples, type Samples } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { PictureSamples } from './picture.js';

/** A small level that takes its pixels from the nearest ones of a larger one, as far as those have come. */
export class SampledLevel {
  readonly size: Size;
  readonly #info: Pick<RasterInfo, 'channels' | 'dtype'>;
  readonly #samples: Samples;
  readonly #present: Uint8Array;
  #count = 0;

  /** @param maxSide of its longer side in pixels */
  constructor(info: Size & Pick<RasterInfo, 'channels' | 'dtype'>, maxSide: number) {
    const scale = Math.min(1, maxSide / Math.max(info.width, info.height));
    this.size = {
      width: Math.max(1, Math.round(info.width * scale)),
      height: Math.max(1, Math.round(info.height * scale)),
    };
    this.#info = info;
    const pixels = this.size.width * this.size.height;
    this.#samples = allocateSamples(info.dtype, pixels * info.channels);
    this.#present = new Uint8Array(pixels);
  }

  /** Whether every pixel has come. */
  get isWhole(): boolean {
    return this.#count === this.#present.length;
  }

  /** Share of its pixels that have come, 0 to 1. */
  get share(): number {
    return this.#count / this.#present.length;
  }

  /** Takes what a rect of a level of size `from` gives it; rows of `samples` are `rowPixels` pixels long. */
  add(samples: Samples, { rect, rowPixels, from }: { rect: Rect; rowPixels: number; from: Size }): void {
    const { channels } = this.#info;
    const { width, height } = this.size;
    const columns = [...nearest(rect.x, rect.width, from.width, width)];
    for (const [y, row] of nearest(rect.y, rect.height, from.height, height)) {
      for (const [x, column] of columns) {
        const pixel = y * width + x;
        const source = (row * rowPixels + column) * channels;
        for (let c = 0; c < channels; c++) this.#samples[pixel * channels + c] = samples[source + c]!;
        this.#count += 1 - this.#present[pixel]!;
        this.#present[pixel] = 1;
      }
    }
  }

  /** The rows of a level of size `from` that it takes pixels of. */
  *rowsOf(from: Size): Generator<number> {
    for (let y = 0; y < this.size.height; y++) yield nearestOf(y, from.height, this.size.height);
  }

  read(rect: Rect): PictureSamples {
    const { channels, dtype } = this.#info;
    const cut = intersect(rect, rectOf(this.size));
    const samples = allocateSamples(dtype, cut.width * cut.height * channels);
    const present = new Uint8Array(cut.width * cut.height);
    for (let row = 0; row < cut.height; row++) {
      const start = (cut.y + row) * this.size.width + cut.x;
      samples.set(
        this.#samples.subarray(start * channels, (start + cut.width) * channels) as Uint8Array,
        row * cut.width * channels,
      );
      present.set(this.#present.subarray(start, start + cut.width), row * cut.width);
    }
    return { samples, ...(this.isWhole ? {} : { present }) };
  }
}

/** Where position `i` of a line of length `to` lies on the line of length `from` that it shows. */
function nearestOf(i: number, from: number, to: number): number {
  return Math.min(from - 1, Math.floor(((i + 0.5) * from) / to));
}

/** Pairs of position and place in the piece, for the positions that lie in the piece. */
function* nearest(start: number, length: number, from: number, to: number): Generator<readonly [number, number]> {
  for (let i = Math.max(0, Math.floor((start * to) / from) - 1); i < to; i++) {
    const source = nearestOf(i, from, to);
    if (source >= start + length) return;
    if (source >= start) yield [i, source - start];
  }
}
