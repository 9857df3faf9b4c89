import { badUsage } from '../../tiling/errors.js';

/** The times of a cron expression in a time zone. */
export interface CronTimes {
  /** The first time after a moment; undefined where there is none. Milliseconds since 1970. */
  after(ms: number): number | undefined;
  /** The last time up to a moment. */
  upTo(ms: number): number | undefined;
}

/** Reads a cron expression. @throws bad-usage where it, or the time zone, is none, or it has no time at all */
export type ReadCron = (cron: string, timeZone: string) => CronTimes;

/**
 * Loads the reader. Local times that a change of the clock leaves out run as much later, those that it repeats once, the
 * first time; expressions for every hour or part of it follow the hours that pass (croner).
 */
export async function loadCron(): Promise<ReadCron> {
  const { Cron } = await import('croner');
  return (text, timeZone) => {
    const fields = text.trim().split(/\s+/).length;
    if (fields !== 5 && fields !== 6) {
      throw badUsage({ what: `'${text}' is no cron expression`, expected: 'five fields, or six with seconds first' });
    }
    try {
      const cron = new Cron(text, { paused: true, timezone: timeZone });
      const times: CronTimes = {
        after: (ms) => cron.nextRun(new Date(ms))?.getTime(),
        upTo: (ms) => cron.previousRuns(1, new Date(ms + 1000))[0]?.getTime(),
      };
      if (times.after(Date.UTC(2000, 0)) !== undefined) return times;
    } catch (cause) {
      const reason = (cause as Error).message.replace(/^.*Original error: /, '').replace(/^\w+: /, '');
      throw badUsage({ what: `'${text}' in time zone '${timeZone}' has no times (${reason})` });
    }
    throw badUsage({ what: `'${text}' names no time that ever comes` });
  };
}
