/** Where and when a command says how far it is. */
export interface StatusLineOptions {
  readonly stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;
  readonly quiet: boolean;
  /** Milliseconds of any steady clock. */
  readonly nowMs: () => number;
}

/** What is said of work under way, and when. */
export interface StatusLine {
  /** Says what `text` gives where it is time to. `ends` says it whenever a terminal shows the line. */
  show(text: () => string, options?: { readonly ends?: boolean }): void;
  /** Takes the line off a terminal, so that what is printed next starts on a clean one. */
  clear(): void;
}

const REDRAW_MS = 100;
const CLEAR_LINE = '\r\x1b[2K';
/** Between lines in a log, which keeps them all; a job that takes less has none. */
const LOG_MS = 10_000;

/** On a terminal one line, redrawn ten times a second; elsewhere a line every ten seconds; nothing with `quiet`. */
export function createStatusLine({ stream, quiet, nowMs }: StatusLineOptions): StatusLine {
  if (quiet) return { show: () => {}, clear: () => {} };
  const isTerminal = stream.isTTY === true;
  let saidMs = isTerminal ? Number.NEGATIVE_INFINITY : nowMs();
  let shown = false;
  return {
    show(text, { ends = false } = {}) {
      const atMs = nowMs();
      const isDue = atMs - saidMs >= (isTerminal ? REDRAW_MS : LOG_MS) || (isTerminal && ends);
      if (!isDue) return;
      saidMs = atMs;
      if (!isTerminal) {
        stream.write(`halotile: ${text()}\n`);
        return;
      }
      shown = true;
      stream.write(`${CLEAR_LINE}${text().slice(0, Math.max(1, (stream.columns ?? 80) - 1))}`);
    },
    clear() {
      if (shown) stream.write(CLEAR_LINE);
      shown = false;
    },
  };
}
