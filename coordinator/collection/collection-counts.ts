import type { JobFigures } from '../../tiling/job/job-figures.js';
import { type JobProgress, NO_PROGRESS } from '../../tiling/job/job-progress.js';
import type { CheckedPairs } from './check-pairs.js';
import type { CollectionProgress, CollectionResult } from './collection-result.js';

/** What of an image under way counts. */
interface Counted {
  readonly tilesDone: number;
  readonly tilesTotal: number;
  /** Of its pixels, 0 to 1. */
  readonly share: number;
  readonly resumedShare: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** An image that is done, and its place among those of the job. */
interface FinishedCount {
  readonly place: number;
  readonly figures: Pick<JobFigures, 'tiles' | 'bytes' | 'halo'>;
}

/** Running totals of one run; tells whoever listens of every change. */
export class CollectionCounts {
  /** Of each image. */
  readonly #imagePixels: Float64Array;
  readonly #listener: ((progress: CollectionProgress) => void) | undefined;
  readonly #running = new Map<number, Counted>();
  readonly #pixelsTotal: number;
  readonly #reused: number;
  readonly #total: number;
  #finished = 0;
  #failed: number;
  #tiles = 0;
  #pixels = 0;
  #pixelsResumed = 0;
  #pixelsFailed = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #haloRead = 0;
  #haloMax = 0;

  constructor(
    { pixels, reused }: Pick<CheckedPairs, 'pixels' | 'reused'>,
    failed: number,
    listener?: (progress: CollectionProgress) => void,
  ) {
    this.#imagePixels = pixels;
    this.#failed = failed;
    this.#total = pixels.length + failed;
    this.#listener = listener;
    this.#reused = reused.reduce((sum, each) => sum + each, 0);
    this.#pixelsTotal = pixels.reduce((sum, each, place) => sum + (reused[place] === 1 ? 0 : each), 0);
    this.#tell();
  }

  get images(): { readonly written: number; readonly reused: number } {
    return { written: this.#reused + this.#finished, reused: this.#reused };
  }

  running(place: number, progress: JobProgress): void {
    const { tilesDone, tilesTotal, pixelsDone, pixelsTotal, pixelsResumed, bytesRead, bytesWritten } = progress;
    this.#running.set(place, {
      ...{ tilesDone, tilesTotal, bytesRead, bytesWritten },
      ...{ share: pixelsDone / pixelsTotal, resumedShare: pixelsResumed / pixelsTotal },
    });
    this.#tell();
  }

  /** Images are done; whoever listens is told once of all. */
  finished(...images: readonly FinishedCount[]): void {
    for (const { place, figures } of images) {
      const { tiles, bytes, halo } = figures;
      const pixels = this.#imagePixels[place]!;
      this.#pixelsResumed += pixels * (this.#running.get(place)?.resumedShare ?? 0);
      this.#running.delete(place);
      this.#finished++;
      this.#tiles += tiles.total;
      this.#pixels += pixels;
      this.#bytesRead += bytes.read;
      this.#bytesWritten += bytes.written;
      this.#haloRead += halo.pixelsRead;
      this.#haloMax += halo.pixelsWithMaxHalo;
    }
    this.#tell();
  }

  /** The image is given up: its pixels need not be waited for any more. */
  failed(place: number): void {
    this.#running.delete(place);
    this.#failed++;
    this.#pixelsFailed += this.#imagePixels[place]!;
    this.#tell();
  }

  totals(): Pick<CollectionResult, 'tiles' | 'pixels' | 'bytes' | 'halo'> {
    const savedShare = this.#haloMax === 0 ? 0 : 1 - this.#haloRead / this.#haloMax;
    return {
      tiles: this.#tiles,
      pixels: this.#pixels,
      bytes: { read: this.#bytesRead, written: this.#bytesWritten },
      halo: { pixelsRead: this.#haloRead, pixelsWithMaxHalo: this.#haloMax, savedShare },
    };
  }

  #tell(): void {
    if (this.#listener === undefined) return;
    const running = [...this.#running];
    const sum = (of: (counted: Counted, pixels: number) => number) =>
      running.reduce((all, [place, counted]) => all + of(counted, this.#imagePixels[place]!), 0);
    this.#listener({
      ...NO_PROGRESS,
      imagesTotal: this.#total,
      imagesDone: this.#reused + this.#finished,
      imagesReused: this.#reused,
      imagesFailed: this.#failed,
      tilesTotal: this.#tiles + sum(({ tilesTotal }) => tilesTotal),
      tilesDone: this.#tiles + sum(({ tilesDone }) => tilesDone),
      pixelsDone: this.#pixels + this.#pixelsFailed + sum(({ share }, pixels) => share * pixels),
      pixelsTotal: this.#pixelsTotal,
      pixelsResumed: this.#pixelsResumed + sum(({ resumedShare }, pixels) => resumedShare * pixels),
      bytesRead: this.#bytesRead + sum(({ bytesRead }) => bytesRead),
      bytesWritten: this.#bytesWritten + sum(({ bytesWritten }) => bytesWritten),
    });
  }
}
