import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';
import { badInput } from '../errors.js';
import { said } from '../words.js';

/** A place below a storage root, as `root:NAME/PATH` states it. */
export interface RootedPath {
  readonly root: string;
  /** Relative, with forward slashes. */
  readonly path: string;
}

const ROOTED = /^root:([A-Za-z0-9_-]{1,64})\/(.+)$/;

/** Directories that jobs may name files in; everything else does not exist for them. */
export class StorageRoots {
  /** Real paths by name. */
  readonly #directories = new Map<string, string>();

  /** @throws bad-input where a directory does not exist */
  constructor(directories: Readonly<Record<string, string>>) {
    for (const [name, directory] of Object.entries(directories)) {
      if (!existsSync(directory)) {
        throw badInput({
          what: 'the directory does not exist',
          where: said`storage root ${name} (${{ file: directory }})`,
        });
      }
      this.#directories.set(name, realpathSync.native(directory));
    }
  }

  get names(): string[] {
    return [...this.#directories.keys()];
  }

  /** The real directory of a root. */
  directory(root: string): string | undefined {
    return this.#directories.get(root);
  }

  /**
   * The real path of `root:NAME/PATH`. The file need not exist, its directory must; no link leads out of the
   * root and no `..` is accepted.
   * @throws bad-input
   */
  resolve(text: string): string {
    const match = ROOTED.exec(text);
    if (match === null) {
      throw badInput({ what: 'not a place below a storage root', where: text, expected: 'root:NAME/PATH' });
    }
    return this.locate({ root: match[1]!, path: match[2]! });
  }

  /** @throws bad-input as {@link resolve} does */
  locate({ root, path }: RootedPath): string {
    const file = `root:${root}/${path}`;
    const directory = this.#directories.get(root);
    if (directory === undefined) {
      const known = this.names.join(', ') || 'none';
      throw badInput({ what: 'no such storage root', file, expected: `one of those configured: ${known}` });
    }
    const parts = path.split('/');
    if (isAbsolute(path) || path.includes('\0') || path.includes('\\') || parts.includes('..')) {
      throw badInput({ what: 'the path leads out of its root', file, expected: 'a relative path without ..' });
    }
    const full = join(directory, normalize(path));
    const real = realOf(full);
    if (real === undefined) {
      throw badInput({ what: 'the directory does not exist', file, remedy: 'create it first' });
    }
    if (!isBelow(directory, real)) {
      throw badInput({ what: 'a link leads out of the root', file, expected: 'a file inside the root' });
    }
    return real;
  }

  /** The root and path of a real path; undefined where it lies below none. */
  rootOf(real: string): RootedPath | undefined {
    for (const [root, directory] of this.#directories) {
      if (isBelow(directory, real)) return { root, path: relative(directory, real).split(sep).join('/') };
    }
    return undefined;
  }
}

/** The real path of a file that exists, or whose directory does. */
function realOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    // Not there yet: an output.
  }
  // A link to nothing yet would be followed when the file is made.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined;
  try {
    return join(realpathSync.native(dirname(path)), basename(path));
  } catch {
    return undefined;
  }
}

function isBelow(directory: string, path: string): boolean {
  const inside = relative(directory, path);
  return inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}
