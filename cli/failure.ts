import { createHash } from 'node:crypto';
import { CommanderError, InvalidArgumentError } from 'commander';
import { ERROR_TABLE } from '../tiling/error-table.js';
import { HalotileError } from '../tiling/errors.js';
import { isSystemFault, systemWords } from '../tiling/system-fault.js';

/** What ended a command: its exit code, and the line that says why where nothing has been printed yet. */
export interface Failure {
  readonly exitCode: number;
  readonly sentence?: string;
}

/** What an error that reached the end of the command means to whoever called it. */
export function failureOf(error: unknown, version: string): Failure {
  if (error instanceof HalotileError) {
    return { exitCode: ERROR_TABLE[error.tag].exitCode, sentence: error.message };
  }
  if (error instanceof InvalidArgumentError) return { exitCode: 2, sentence: error.message };
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : 2 };
  if (isSystemFault(error) && process.env.HALOTILE_DEBUG !== '1') {
    const { path, syscall } = error;
    return { exitCode: 1, sentence: `${path ?? syscall}: ${systemWords(error)}` };
  }
  return { exitCode: 1, sentence: unexpected(error, version) };
}

/** What nobody foresaw, as one line that can be reported; the trace only where it is asked for. */
function unexpected(error: unknown, version: string): string {
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
