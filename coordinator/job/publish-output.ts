import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { publishFile } from '../../tiling/stitch/output-file.js';

/**
 * Gives a finished file its name, as {@link publishFile} does, and keeps the access list of what it replaces too.
 * Node cannot read one, so that GNU cp does; where there is none, mode and owner are kept alone.
 */
export function publishOutput(temporary: string, output: string): void {
  if (existsSync(output)) spawnSync('cp', ['--attributes-only', '--preserve=mode', '--', output, temporary]);
  publishFile(temporary, output);
}
