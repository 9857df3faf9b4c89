import { type Command, Option } from 'commander';
import { LOG_LEVELS, type Log, type LogLevel } from '../tiling/log.js';

/** How a service writes its log. */
export interface LogFlags {
  readonly logFormat: 'text' | 'json';
  readonly logLevel: LogLevel;
}

const STDERR = 2;

/** Adds the flags of a service's log. */
export function addLogOptions(command: Command): Command {
  return command
    .optionsGroup('What is told:')
    .addOption(
      new Option('--log-format <which>', 'lines for people, or one JSON object a line')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(
      new Option('--log-level <which>', 'the least that is written; every attempt at a tile with debug')
        .choices(LOG_LEVELS)
        .default('info'),
    );
}

/** The log of a service, on standard error; `service` stands in every JSON line. */
export async function openLog(
  { logFormat, logLevel }: LogFlags,
  service: Readonly<Record<string, string>>,
): Promise<Log> {
  const least = LOG_LEVELS.indexOf(logLevel);
  const isWritten = (level: LogLevel) => LOG_LEVELS.indexOf(level) >= least;
  if (logFormat === 'text') {
    return (line, { level = 'info' } = {}) => {
      if (isWritten(level)) process.stderr.write(`${new Date().toISOString()} ${line}\n`);
    };
  }
  const { default: pino } = await import('pino');
  const logger = pino(
    {
      level: logLevel,
      base: service,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Lines are few, and the last ones before an end matter most.
    pino.destination({ dest: STDERR, sync: true }),
  );
  return (line, { level = 'info', ...about } = {}) => logger[level](about, line);
}
