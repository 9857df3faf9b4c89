import { chmodSync, chownSync, lstatSync, readlinkSync, realpathSync, renameSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { badUsage } from '../errors.js';
import { outputFolderOf } from '../job/output-format.js';
import { settleSidecars } from './sidecars.js';

/** Names of what this process has open: a rename there would replace them for everybody. */
const PROCESS_FILES = /^\/(?:dev\/(?:stdin|stdout|stderr|fd)|proc)(?:\/|$)/;
/** As many links as Linux follows before it gives up. */
const MAX_LINKS = 40;
const PERMISSION_BITS = 0o7777;

/**
 * The place that an output's bytes get: through links the file that they lead to, which need not be there yet.
 * Whoever writes it makes the new file beside that place and renames it, so that the link stays one.
 * @throws HalotileError bad-usage where something else than a regular file is there, or than a folder where the format is
 * one
 */
export function outputPlace(output: string): string {
  const isFolder = outputFolderOf(output) === output;
  let place = resolve(output);
  for (let links = 0; ; links++) {
    if (PROCESS_FILES.test(place)) throw notReplaced(output, 'a stream of this process');
    const stat = seen(lstatSync, place);
    if (stat === undefined || (isFolder ? stat.isDirectory() : stat.isFile())) break;
    if (!stat.isSymbolicLink()) throw notReplaced(output, kindOf(stat));
    if (links === MAX_LINKS) throw notReplaced(output, 'a link that leads to itself');
    place = resolve(dirname(place), readlinkSync(place));
  }
  // Names above the file may be links too; where its folder is missing, whoever makes the file says so.
  if (seen(statSync, dirname(place))?.isDirectory() !== true) return place;
  const real = join(realpathSync.native(dirname(place)), basename(place));
  if (PROCESS_FILES.test(real)) throw notReplaced(output, 'a stream of this process');
  return real;
}

/** What is there; undefined where nothing is, or where it cannot be looked at. */
function seen(look: (path: string) => Stats, path: string): Stats | undefined {
  try {
    return look(path);
  } catch {
    return undefined;
  }
}

/**
 * Gives a finished file its name. What lay there is replaced at once, its mode and where permitted its owner kept;
 * a link at `output` itself is replaced, see {@link outputPlace}. What lies beside it is settled, see
 * {@link settleSidecars}.
 * @returns what a user should know of that, a sentence each
 */
export function publishFile(temporary: string, output: string): string[] {
  const sentences = settleSidecars(output);
  const replaced = statSync(output, { throwIfNoEntry: false });
  if (replaced?.isFile()) keepOwnerAndMode(temporary, replaced);
  renameSync(temporary, output);
  return sentences;
}

/** Gives a file or folder the mode and where permitted the owner of another. */
export function keepOwnerAndMode(path: string, { uid, gid, mode }: Stats): void {
  const own = statSync(path);
  if (own.uid !== uid || own.gid !== gid) {
    try {
      chownSync(path, uid, gid);
    } catch (cause) {
      // Only root gives files away: then the file is the user's who replaced it.
      if ((cause as NodeJS.ErrnoException).code !== 'EPERM') throw cause;
    }
  }
  // After the owner: a change of owner clears bits of the mode.
  if (((own.mode ^ mode) & PERMISSION_BITS) !== 0 || own.uid !== uid) chmodSync(path, mode & PERMISSION_BITS);
}

/** What a directory entry is, for people. */
export function kindOf(stat: Pick<Stats, 'isDirectory' | 'isFIFO' | 'isSocket' | 'isSymbolicLink' | 'isFile'>): string {
  if (stat.isFile()) return 'a file';
  if (stat.isDirectory()) return 'a directory';
  if (stat.isFIFO()) return 'a FIFO';
  if (stat.isSocket()) return 'a socket';
  return stat.isSymbolicLink() ? 'a link' : 'a device';
}

function notReplaced(output: string, kind: string) {
  const folder = outputFolderOf(output) === output;
  return badUsage({
    what: `the output is ${kind}`,
    file: output,
    expected: folder ? 'a folder that halotile made, or a name that is free' : 'a regular file, or a name that is free',
    remedy: 'choose another output',
  });
}
