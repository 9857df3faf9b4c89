import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'halotile-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Writes an input to a file of that name, the same for every input, and returns its path. */
export function scratchFile(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
