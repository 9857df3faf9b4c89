#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ERROR_TABLE, HalotileError } from '../tiling/errors.js';
import { registerBlur } from './commands/blur.js';
import { registerDemo } from './commands/demo.js';
import { registerInspect } from './commands/inspect.js';
import { registerPalette } from './commands/palette.js';
import { registerPlan } from './commands/plan.js';
import { registerPreview } from './commands/preview.js';
import { registerProcess } from './commands/process.js';
import { registerRun } from './commands/run.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('halotile')
  .description('Filters images too large for one pass: tiles with halos, exact kernels, one machine or many.')
  .version(version)
  .showHelpAfterError('(halotile --help lists the commands)')
  .exitOverride();
registerDemo(program);
registerBlur(program);
registerProcess(program);
registerPalette(program);
registerRun(program);
registerPlan(program);
registerInspect(program);
registerPreview(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
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
