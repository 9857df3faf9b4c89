import { existsSync, readFileSync, writeSync } from 'node:fs';
import { processLimits, threadsWithin } from '../library/process-limits.js';
import { readPlaces } from '../threads/places/place-reader.js';
import { setPlaceSettings } from '../threads/places/settings.js';
import { badUsage } from '../tiling/errors.js';
import { readConfigFile } from './config/config-file.js';
import { applyGivenValues } from './config/given-values.js';
import { failureOf } from './failure.js';
import { COMMANDS } from './help/command-table.js';
import { commandTree } from './help/command-tree.js';
import { s3Settings, stagingFolder } from './s3-settings.js';

// What the SDK says of Node at every start is nothing that a job can change.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
setPlaceSettings({ s3: s3Settings(process.env), staging: stagingFolder(process.env) });
readPlaces();

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** What is still open after a failure ends with the process, after this time. */
const FAILED_END_MS = 2000;

/** Commands that run threads on this machine. */
const RUNS_THREADS = new Set([
  'demo',
  'blur',
  'process',
  'palette',
  'run',
  'measure',
  'plan',
  'view',
  'serve',
  'worker',
]);

/** What prints where values come from takes none from there itself. */
const SHOWS_ONLY = new Set(['config', 'help', 'completion', 'schema']);

// What grpc-js would print of its own, its errors say too.
process.env.GRPC_VERBOSITY ??= 'NONE';

// Whoever reads the output may leave before its end; a full disk takes none.
process.stdout.on('error', onBrokenOutput);
// Nobody hears what is said of the work; the work and its exit code are the same.
process.stderr.on('error', () => {});
process.on('uncaughtException', onUncaught);
process.on('unhandledRejection', onUncaught);

/** Only the command that is called is loaded, which saves most of the start. */
const name = process.argv.slice(2).find((word) => !word.startsWith('-'));

try {
  // Before the command is loaded, which alone opens many files at once.
  if (RUNS_THREADS.has(name ?? '')) threadsWithin(processLimits(), 1);
  refuseUnreadableArguments(process.argv.slice(2));
  const program = (await commandTree(name !== undefined && Object.hasOwn(COMMANDS, name) ? [name] : [])).version(
    version,
  );
  const called = program.commands.find((command) => command.name() === name);
  if (called !== undefined && !SHOWS_ONLY.has(called.name())) {
    applyGivenValues(called, { environment: process.env, file: await readConfigFile(process.env) });
  }
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
  // Servers and threads that were started before the failure would keep the process for ever.
  setTimeout(() => process.exit(), FAILED_END_MS).unref();
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
  const { exitCode, sentence } = failureOf(error, version);
  if (sentence !== undefined) process.stderr.write(`halotile: ${sentence}\n`);
  return exitCode;
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
