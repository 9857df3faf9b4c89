import { statSync } from 'node:fs';
import { join } from 'node:path';
import { badInput, HalotileError } from '../errors.js';
import { type ObjectState, places } from '../places/opener.js';
import { belowUrl, isUrl } from '../places/url.js';
import { unreadable } from '../tiff/random-bytes.js';
import { isZarrFolder, ZARR_FILES } from '../zarr/zarr-folder.js';

/**
 * What tells one state of an input file from another; decimal strings, so that it crosses JSON whole. Of a remote object:
 * its size, when it was changed, and its ETag in place of the inode. Of a Zarr folder: its metadata alone, since there may be
 * a million chunks, and who writes an image anew writes that too.
 */
export interface Fingerprint {
  readonly size: string;
  readonly mtimeNs: string;
  readonly inode: string;
}

/** A file and the state in which it was first seen. */
export interface SeenFile {
  readonly path: string;
  readonly fingerprint: Fingerprint;
}

/** @throws bad-input where the file cannot be seen */
export function fingerprintOf(path: string): Fingerprint {
  if (isUrl(path)) return fingerprintOfObject(places().state(path));
  try {
    const stat = statSync(path, { bigint: true });
    const { size, mtimeNs } = stat.isDirectory() ? zarrState(path, stat) : stat;
    return { size: `${size}`, mtimeNs: `${mtimeNs}`, inode: `${stat.ino}` };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** The size of what describes a Zarr folder, and when any of it was changed. */
function zarrState(
  path: string,
  own: { readonly mtimeNs: bigint },
): { readonly size: bigint; readonly mtimeNs: bigint } {
  let size = 0n;
  let mtimeNs = own.mtimeNs;
  for (const folder of [path, join(path, '0')]) {
    for (const name of ZARR_FILES) {
      const stat = statSync(join(folder, name), { bigint: true, throwIfNoEntry: false });
      if (stat === undefined) continue;
      size += stat.size;
      if (stat.mtimeNs > mtimeNs) mtimeNs = stat.mtimeNs;
    }
  }
  return { size, mtimeNs };
}

/**
 * Files as they are now. Stores of remote ones are asked all at once, and the thread goes on meanwhile.
 * @throws bad-input where one cannot be seen; unreachable where its store does not answer
 */
export async function seenFiles(paths: readonly string[]): Promise<SeenFile[]> {
  return Promise.all(paths.map(async (path) => ({ path, fingerprint: await fingerprintNow(path) })));
}

/** @throws input-changed where one is not the file whose fingerprint was taken */
export async function assertAllUnchanged(files: readonly SeenFile[]): Promise<void> {
  const now = await seenFiles(files.map(({ path }) => path));
  for (const [i, file] of files.entries()) assertSame(file, now[i]!.fingerprint);
}

/** @throws input-changed where the file is not the one whose fingerprint was taken */
export function assertUnchanged(file: SeenFile): void {
  assertSame(file, fingerprintOf(file.path));
}

async function fingerprintNow(path: string): Promise<Fingerprint> {
  if (!isUrl(path)) return fingerprintOf(path);
  return isZarrFolder(path) ? zarrObjectsState(path) : fingerprintOfObject(await places().look(path));
}

/** The same of a Zarr image below a URL. @throws bad-input where nothing there describes one */
async function zarrObjectsState(url: string): Promise<Fingerprint> {
  const keys = ['', '0/'].flatMap((folder) => ZARR_FILES.map((name) => `${folder}${name}`));
  let refusal: unknown;
  const looked = keys.map(async (key) => {
    try {
      return await places().look(belowUrl(url, key));
    } catch (error) {
      // Stores that may not be listed refuse what is not there.
      if (!(error instanceof HalotileError) || (error.tag !== 'bad-input' && error.tag !== 'not-allowed')) throw error;
      if (error.tag === 'not-allowed') refusal = error;
      return undefined;
    }
  });
  const states = (await Promise.all(looked)).filter((state) => state !== undefined);
  if (states.length === 0) {
    throw (
      refusal ??
      badInput({ what: 'nothing there describes a Zarr image', file: url, expected: 'zarr.json, .zgroup or .zarray' })
    );
  }
  return fingerprintOfObject({
    size: states.reduce((sum, { size }) => sum + size, 0),
    etag: states.map(({ etag = '' }) => etag).join(' '),
    modifiedMs: Math.max(...states.map(({ modifiedMs = 0 }) => modifiedMs)),
  });
}

function fingerprintOfObject({ size, etag = '', modifiedMs = 0 }: ObjectState): Fingerprint {
  return { size: `${size}`, mtimeNs: `${BigInt(modifiedMs) * 1_000_000n}`, inode: etag };
}

const OBJECT_WORDS = { size: 'its length', mtimeNs: 'Last-Modified', inode: 'ETag' } as const;

function assertSame({ path, fingerprint }: SeenFile, now: Fingerprint): void {
  const changed = (['size', 'mtimeNs', 'inode'] as const).filter((field) => now[field] !== fingerprint[field]);
  if (changed.length === 0) return;
  const words = isUrl(path) ? changed.map((field) => OBJECT_WORDS[field]) : changed;
  throw new HalotileError('input-changed', {
    what: `the ${isUrl(path) ? 'object' : 'file'} changed while it was read (${words.join(', ')})`,
    file: path,
    remedy: 'run the job again once nothing writes to it',
  });
}
