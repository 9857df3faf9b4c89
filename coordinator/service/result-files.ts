import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { badInput, HalotileError } from '../../tiling/errors.js';

/** One file of a job's output. */
export interface ResultFile {
  /** Path below the output folder, with forward slashes. */
  readonly name: string;
  readonly size: number;
}

/** A page of files, and the name after which the next one goes on; empty after the last. */
export interface ResultPage {
  readonly files: readonly ResultFile[];
  readonly nextPageToken: string;
}

/**
 * The files of an output after the one called `after`, at most `pageSize`: the file itself, or all below a folder
 * but hidden ones, in the order of their path's parts.
 * @throws HalotileError not-found where the output is gone
 */
export function resultFiles(
  output: string,
  { pageSize, after }: { readonly pageSize: number; readonly after: string },
): ResultPage {
  const stat = statSync(output, { throwIfNoEntry: false });
  if (stat === undefined) throw new HalotileError('not-found', { what: 'the output is not there any more' });
  if (!stat.isDirectory()) return { files: [{ name: basename(output), size: stat.size }], nextPageToken: '' };
  const files: ResultFile[] = [];
  for (const name of namesAfter(output, after === '' ? [] : after.split('/'))) {
    if (files.length === pageSize) return { files, nextPageToken: files.at(-1)!.name };
    files.push({ name, size: statSync(join(output, name)).size });
  }
  return { files, nextPageToken: '' };
}

/**
 * The path of one file below an output folder.
 * @throws bad-input for a name that leads elsewhere; not-found where there is no such file
 */
export function resultFile(output: string, name: string): string {
  const parts = name.split('/');
  if (name === '' || name.includes('\\') || name.includes('\0') || parts.some((part) => /^(\.|$)/.test(part))) {
    const expected = 'a name as ListResultFiles gives it';
    throw badInput({ what: `'${name}' is no file of the output`, expected });
  }
  const path = join(output, ...parts);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() && realpathSync(path) === join(realpathSync(output), name)) {
    return path;
  }
  throw new HalotileError('not-found', { what: 'the output has no such file', file: name });
}

/** Names below a folder in the order of their parts, beginning behind one of them. */
function* namesAfter(folder: string, after: readonly string[]): Generator<string> {
  const [first, ...rest] = after;
  for (const entry of sortedEntries(folder)) {
    if (first !== undefined && entry.name < first) continue;
    const isFirst = entry.name === first;
    if (entry.isDirectory()) {
      const inside = namesAfter(join(folder, entry.name), isFirst ? rest : []);
      for (const name of inside) yield `${entry.name}/${name}`;
    } else if (entry.isFile() && !isFirst) yield entry.name;
  }
}

function sortedEntries(folder: string): Dirent[] {
  const visible = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  return visible.sort((a, b) => (a.name < b.name ? -1 : 1));
}
