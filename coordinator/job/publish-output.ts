import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { publishFile } from '../../tiling/stitch/output-file.js';

/**
 * Gives a finished file its name, as {@link publishFile} does, and keeps the access list of what it replaces too.
 * Node cannot read one, so that GNU cp does; where there is none, mode and owner are kept alone.
 * @param mayPublish is called last before that, and throws where it must not happen
 * @returns as that
 */
export async function publishOutput(
  temporary: string,
  output: string,
  mayPublish: () => void = () => {},
): Promise<string[]> {
  if (existsSync(output)) await copyAttributes(output, temporary);
  mayPublish();
  return publishFile(temporary, output);
}

function copyAttributes(from: string, to: string): Promise<void> {
  const child = spawn('cp', ['--attributes-only', '--preserve=mode', '--', from, to], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}
