import { formatSeconds } from './format.js';
import { createStatusLine, type StatusLineOptions } from './status-line.js';

/** How far a job is, counted from its start. */
export interface ProgressState {
  /** Output pixels done and in all. */
  readonly pixels: number;
  readonly totalPixels: number;
  /** Bytes read and written so far; the byte rate is left out where it is not known. */
  readonly bytes?: number;
  /** What is being done now: `blur`, `overviews`. */
  readonly label?: string;
  /** Pixels that an earlier run had finished: they count as done but not for the rate. */
  readonly resumedPixels?: number;
}

/** What is said of work whose pixels are counted. */
export interface Progress {
  /** Says so where it is time to. */
  update(state: ProgressState): void;
  /** Takes the bar off a terminal, so that what is printed next starts on a clean line. */
  clear(): void;
}

const BAR_COLUMNS = 24;

/** A one-line bar with rate and time left on a terminal, the same in words every ten seconds elsewhere. */
export function createProgress(options: StatusLineOptions): Progress {
  const { stream, nowMs } = options;
  const startMs = nowMs();
  const line = createStatusLine(options);
  return {
    update: (state) =>
      line.show(() => progressLine(state, { seconds: (nowMs() - startMs) / 1000, bar: stream.isTTY === true }), {
        ends: state.pixels >= state.totalPixels,
      }),
    clear: () => line.clear(),
  };
}

/** How far the work is after so many seconds, with a bar or without. */
export function progressLine(
  state: ProgressState,
  { seconds, bar = true }: { readonly seconds: number; readonly bar?: boolean },
): string {
  const { pixels, totalPixels, bytes, label, resumedPixels = 0 } = state;
  const share = totalPixels > 0 ? Math.min(1, pixels / totalPixels) : 1;
  const full = Math.floor(share * BAR_COLUMNS);
  const drawn = `[${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)}]`;
  const percent = `${Math.floor(share * 100)}%`;
  const head = [label, bar ? drawn : undefined].filter((part) => part !== undefined).join(' ');
  const parts = [...(head === '' ? [] : [head]), bar ? percent.padStart(4) : percent];
  const fresh = pixels - resumedPixels;
  if (fresh > 0 && seconds > 0) {
    parts.push(`${(fresh / seconds / 1e6).toFixed(1)} Mpx/s`);
    if (bytes !== undefined) parts.push(`${(bytes / seconds / 1e6).toFixed(0)} MB/s`);
    if (share < 1) parts.push(`${formatSeconds(((totalPixels - pixels) * seconds) / fresh)} left`);
  }
  return parts.join('  ');
}
