import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { processLimits, threadsWithin } from '../library/process-limits.js';
import { badUsage, ERROR_TABLE, HalotileError } from '../tiling/errors.js';
import { COMMANDS, type Register } from './command-table.js';
import { readConfigFile } from './config/config-file.js';
import { applyGivenValues } from './config/given-values.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Commands that run threads on this machine. */
const RUNS_THREADS = new Set(['demo', 'blur', 'process', 'palette', 'run', 'plan', 'view', 'serve', 'worker']);

/** What prints where values come from takes none from there itself. */
const SHOWS_ONLY = new Set(['config']);

const program = new Command('halotile')
  .description('Filters images too large for one pass: tiles with halos, exact kernels, one machine or many.')
  .version(version)
  .showHelpAfterError('(halotile --help lists the commands)')
  .exitOverride();

// Whoever reads the output may leave before its end; a full disk takes none.
for (const stream of [process.stdout, process.stderr]) stream.on('error', onBrokenOutput);
process.on('uncaughtException', onUncaught);
process.on('unhandledRejection', onUncaught);

try {
  // Before the command is loaded, which alone opens many files at once.
  if (RUNS_THREADS.has(process.argv[2] ?? '')) threadsWithin(processLimits(), 1);
  refuseUnreadableArguments(process.argv.slice(2));
  for (const register of await wantedCommands(process.argv[2])) register(program);
  const called = program.commands.find((command) => command.name() === process.argv[2]);
  if (called !== undefined && !SHOWS_ONLY.has(called.name())) {
    applyGivenValues(called, { environment: process.env, file: await readConfigFile(process.env) });
  }
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Only the command that is called is loaded, which saves most of the start; without one, all are, for the help. */
function wantedCommands(called: string | undefined): Promise<Register[]> {
  const names = called !== undefined && Object.hasOwn(COMMANDS, called) ? [called] : Object.keys(COMMANDS);
  return Promise.all(names.map((name) => COMMANDS[name]!()));
}

/** Bytes of an argument that are no UTF-8 come as U+FFFD: a file of that name would be another one. */
function refuseUnreadableArguments(words: readonly string[]): void {
  const word = words.find((each) => each.includes('\uFFFD') && !existsSync(each));
  if (word === undefined) return;
  throw badUsage({
    what: 'the argument is not UTF-8',
    where: word,
    remedy: 'rename the file: convmv -f latin1 -t utf8 --notest',
  });
}

/** Prints what went wrong as one line and returns the exit code. */
function report(error: unknown): number {
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof HalotileError) {
    process.stderr.write(`halotile: ${error.message}\n`);
    return ERROR_TABLE[error.tag].exitCode;
  }
  process.stderr.write(`halotile: ${unexpected(error)}\n`);
  return 1;
}

/** What nobody foresaw, as one line that can be reported; the trace only where it is asked for. */
function unexpected(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (process.env.HALOTILE_DEBUG === '1') return trace;
  // The same fault has the same id wherever it is met: its trace without paths and places of one machine.
  const id = createHash('sha256')
    .update(trace.replace(/\(?(?:file:\/\/)?\/\S*\//g, ''))
    .digest('hex')
    .slice(0, 8);
  const what = (error instanceof Error ? error.message : String(error)).split('\n')[0];
  return `an error that should not happen (${id}, halotile ${version}): ${what}; run it again with HALOTILE_DEBUG=1 and report what that prints`;
}

/** An error outside the command's own course. */
function onUncaught(error: unknown): never {
  process.exit(report(error));
}

/** A closed pipe ends the command quietly, as for every filter; an output that takes nothing more is a failure. */
function onBrokenOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  const what =
    error.code === 'ENOSPC' ? 'no space is left for the standard output' : `the standard output failed (${error.code})`;
  try {
    writeSync(2, `halotile: ${what}\n`);
  } catch {
    // Nothing takes the sentence either: the exit code says it.
  }
  process.exit(1);
}
