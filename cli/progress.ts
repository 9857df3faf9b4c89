import { formatSeconds } from './format.js';

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

/** Where and when a bar is drawn. */
export interface ProgressOptions {
  /** Where the bar goes; nothing is written unless it is a terminal. */
  readonly stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;
  readonly quiet: boolean;
  /** Milliseconds of any steady clock. */
  readonly nowMs: () => number;
}

/** A bar on a terminal. */
export interface Progress {
  /** Redraws, at most ten times a second. */
  update(state: ProgressState): void;
  /** Takes the bar away, so that what is printed next starts on a clean line. */
  clear(): void;
}

const REDRAW_MS = 100;
const CLEAR_LINE = '\r\x1b[2K';
const BAR_COLUMNS = 24;

/** A one-line bar with rate and time left on a terminal; silent elsewhere and with `quiet`. */
export function createProgress({ stream, quiet, nowMs }: ProgressOptions): Progress {
  if (quiet || stream.isTTY !== true) return { update: () => {}, clear: () => {} };
  const startMs = nowMs();
  let drawnMs = Number.NEGATIVE_INFINITY;
  let shown = false;
  return {
    update(state) {
      const atMs = nowMs();
      if (atMs - drawnMs < REDRAW_MS && state.pixels < state.totalPixels) return;
      drawnMs = atMs;
      shown = true;
      const line = progressLine(state, (atMs - startMs) / 1000);
      stream.write(`${CLEAR_LINE}${line.slice(0, Math.max(1, (stream.columns ?? 80) - 1))}`);
    },
    clear() {
      if (shown) stream.write(CLEAR_LINE);
      shown = false;
    },
  };
}

/** The text of the bar after `seconds` of work. */
export function progressLine(state: ProgressState, seconds: number): string {
  const { pixels, totalPixels, bytes, label, resumedPixels = 0 } = state;
  const share = totalPixels > 0 ? Math.min(1, pixels / totalPixels) : 1;
  const full = Math.floor(share * BAR_COLUMNS);
  const parts = [
    `${label === undefined ? '' : `${label} `}[${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)}]`,
    `${Math.floor(share * 100)}%`.padStart(4),
  ];
  const fresh = pixels - resumedPixels;
  if (fresh > 0 && seconds > 0) {
    parts.push(`${(fresh / seconds / 1e6).toFixed(1)} Mpx/s`);
    if (bytes !== undefined) parts.push(`${(bytes / seconds / 1e6).toFixed(0)} MB/s`);
    if (share < 1) parts.push(`${formatSeconds(((totalPixels - pixels) * seconds) / fresh)} left`);
  }
  return parts.join('  ');
}
