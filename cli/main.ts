#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ERROR_TABLE, HalotileError } from '../tiling/errors.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

type Register = (program: Command) => void;

/** The commands in the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  demo: async () => (await import('./commands/demo.js')).registerDemo,
  blur: async () => (await import('./commands/blur.js')).registerBlur,
  process: async () => (await import('./commands/process.js')).registerProcess,
  palette: async () => (await import('./commands/palette.js')).registerPalette,
  operations: async () => (await import('./commands/operations.js')).registerOperations,
  run: async () => (await import('./commands/run.js')).registerRun,
  plan: async () => (await import('./commands/plan.js')).registerPlan,
  inspect: async () => (await import('./commands/inspect.js')).registerInspect,
  preview: async () => (await import('./commands/preview.js')).registerPreview,
  serve: async () => (await import('./commands/serve.js')).registerServe,
  worker: async () => (await import('./commands/worker.js')).registerWorker,
  submit: async () => (await import('./commands/submit.js')).registerSubmit,
  jobs: async () => (await import('./commands/jobs.js')).registerJobs,
  watch: async () => (await import('./commands/jobs.js')).registerWatch,
  cancel: async () => (await import('./commands/jobs.js')).registerCancel,
};

const program = new Command('halotile')
  .description('Filters images too large for one pass: tiles with halos, exact kernels, one machine or many.')
  .version(version)
  .showHelpAfterError('(halotile --help lists the commands)')
  .exitOverride();

try {
  for (const register of await wantedCommands(process.argv[2])) register(program);
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Only the command that is called is loaded, which saves most of the start; without one, all are, for the help. */
function wantedCommands(called: string | undefined): Promise<Register[]> {
  const names = called !== undefined && Object.hasOwn(COMMANDS, called) ? [called] : Object.keys(COMMANDS);
  return Promise.all(names.map((name) => COMMANDS[name]!()));
}

/** Prints what went wrong as one line and returns the exit code. */
function report(error: unknown): number {
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof HalotileError) {
    process.stderr.write(`halotile: ${error.message}\n`);
    return ERROR_TABLE[error.tag].exitCode;
  }
  process.stderr.write(`halotile: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
