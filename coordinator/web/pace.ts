import type { PacePoint } from '../../proto/page/messages.js';
import type { LiveProgress } from '../queue/job-news.js';

interface Sample {
  readonly timeMs: number;
  readonly pixels: number;
  readonly tiles: number;
  /** What of the job is done, 0 to 1. */
  readonly share: number;
}

/** Points that a curve has; when there are more, every second one is dropped. */
const MAX_SAMPLES = 480;
const BETWEEN_MS = 500;
/** The pace of that long says when a job will be done. */
const ETA_WINDOW_MS = 30_000;
/** Jobs whose pace is remembered; the oldest are forgotten. */
const MAX_JOBS = 200;

/** How fast jobs get on, as far as somebody could have looked since the coordinator began. */
export class Paces {
  readonly #samples = new Map<string, Sample[]>();

  note(id: string, progress: LiveProgress, nowMs: number): void {
    let samples = this.#samples.get(id);
    if (samples === undefined) {
      samples = [];
      this.#samples.set(id, samples);
      for (const oldest of this.#samples.keys()) {
        if (this.#samples.size <= MAX_JOBS) break;
        this.#samples.delete(oldest);
      }
    }
    const last = samples.at(-1);
    // A later attempt begins with what the ledger has.
    if (last !== undefined && progress.tilesDone < last.tiles) samples.length = 0;
    else if (last !== undefined && nowMs - last.timeMs < BETWEEN_MS) samples.pop();
    samples.push({ timeMs: nowMs, pixels: progress.pixelsDone, tiles: progress.tilesDone, share: shareOf(progress) });
    if (samples.length > MAX_SAMPLES)
      samples.splice(0, samples.length, ...samples.filter((_, index) => index % 2 === 1));
  }

  points(id: string): PacePoint[] {
    const samples = this.#samples.get(id) ?? [];
    return samples.slice(1).map((sample, index) => {
      const before = samples[index]!;
      const seconds = Math.max(1e-3, (sample.timeMs - before.timeMs) / 1000);
      return {
        timeMs: sample.timeMs,
        pixelsPerSecond: Math.max(0, sample.pixels - before.pixels) / seconds,
        tilesPerSecond: Math.max(0, sample.tiles - before.tiles) / seconds,
      };
    });
  }

  /** Seconds until the job's tiles or images are done; undefined where it does not get on. */
  etaSeconds(id: string, nowMs: number): number | undefined {
    const samples = this.#samples.get(id) ?? [];
    const last = samples.at(-1);
    const first = samples.find(({ timeMs }) => timeMs >= nowMs - ETA_WINDOW_MS);
    if (last === undefined || first === undefined || last.share <= first.share) return undefined;
    return ((1 - last.share) * (last.timeMs - first.timeMs)) / (last.share - first.share) / 1000;
  }
}

function shareOf({ imagesTotal, imagesDone, tilesTotal, tilesDone }: LiveProgress): number {
  if (imagesTotal > 0) return imagesDone / imagesTotal;
  return tilesTotal === 0 ? 0 : tilesDone / tilesTotal;
}
