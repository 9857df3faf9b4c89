import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HalotileError } from '../../tiling/errors.js';
import { makeFolder } from '../../tiling/make-folder.js';
import { LEDGER_FILE } from '../../tiling/stitch/ledger.js';
import {
  type FoundOwner,
  isDiscarded,
  type OutputOwner,
  outputOwnerSchema,
  type Restart,
} from '../../tiling/stitch/output-owner.js';

/** Whose the state is; also the mark by which the folder is known to be ours. No character's name starts with a dot. */
const OWNER_FILE = '.owner.json';
const MAX_OWNER_BYTES = 4096;

/** The folder in the output of a dataset or a collection that holds what its runs remember. */
export function outputState(output: string): string {
  return join(output, '.halotile');
}

/** Whose the state of an output folder is. */
export function stateOwner(output: string): FoundOwner {
  const file = join(outputState(output), OWNER_FILE);
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return isOfEarlierRelease(output) ? null : undefined;
  if (!stat.isFile() || stat.size > MAX_OWNER_BYTES) return undefined;
  try {
    return outputOwnerSchema.nullable().parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * Makes the state's folder, of which nothing is left where the run begins anew.
 * @throws partial-conflict where a folder of that name is none of ours; not-allowed where it is not the owner's to discard
 */
export async function openOutputState(
  output: string,
  { restart, owner }: { readonly restart?: Restart; readonly owner?: OutputOwner },
): Promise<void> {
  const directory = outputState(output);
  checkOutputState(output);
  if (isDiscarded(restart, { found: stateOwner(output), by: owner, file: output })) await removeOutputState(output);
  makeFolder(directory);
  const file = join(directory, OWNER_FILE);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(owner ?? null));
}

/** Removes the state of an output folder, the mark last. @throws partial-conflict where it is none of ours */
export async function removeOutputState(output: string): Promise<void> {
  const directory = outputState(output);
  checkOutputState(output);
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (name !== OWNER_FILE) await rm(join(directory, name), { recursive: true, force: true });
  }
  await rm(directory, { recursive: true, force: true });
}

/** Nothing is written into or removed from a folder without our mark. */
function checkOutputState(output: string): void {
  const directory = outputState(output);
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isDirectory() && (readdirSync(directory).length === 0 || existsSync(join(directory, OWNER_FILE)))) return;
  if (stat.isDirectory() && isOfEarlierRelease(output)) return;
  throw new HalotileError('partial-conflict', {
    what: 'something that halotile did not make is in the place of what its runs remember',
    file: directory,
    remedy: 'move it away, or choose another output',
  });
}

/** Releases before the mark are known by their characters' ledgers. */
function isOfEarlierRelease(output: string): boolean {
  const directory = outputState(output);
  const folders = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
  return folders.some((entry) => entry.isDirectory() && existsSync(join(directory, entry.name, LEDGER_FILE)));
}
