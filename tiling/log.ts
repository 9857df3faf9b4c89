/** How much a line of the log matters, least first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line of the log is about, for programs that read it; the line itself says it for people. */
export interface LogFields {
  /** `info` where absent. */
  readonly level?: LogLevel;
  readonly job?: string;
  readonly stage?: number;
  /** Index of a tile in its stage, or of another task. */
  readonly tile?: number;
  readonly attempt?: number;
  /** A worker's name. */
  readonly worker?: string;
  /** Who called. */
  readonly principal?: string;
}

/** Takes one line for the operator. */
export type Log = (line: string, about?: LogFields) => void;
