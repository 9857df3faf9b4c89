import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { badInput, HalotileError } from '../errors.js';
import type { Orientation } from '../geometry/orientation.js';
import type { Colour } from '../job/job-spec.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { assertAllUnchanged, seenFiles } from './fingerprint.js';
import { openTiffSource, type TiffFileSource } from './tiff-file-source.js';

/** The width of a scratch file's tiles: small enough for any cache, large enough for few reads. */
export const SCRATCH_BLOCK = 512;
/** Part of a scratch file's name: changes whenever its pixels would. */
const SCRATCH_VERSION = 2;

/** An image to be copied into a scratch file. */
export interface ScratchRequest {
  readonly path: string;
  /** The file whose blocks are copied, which may be a scratch file itself, of whatever was made of `path` before. */
  readonly from?: string;
  /** Which image of the file it is; the main one where absent. */
  readonly page?: number;
  /** How its pixels lay that the copy has upright; the copy has them as stored where absent. */
  readonly orientation?: Orientation;
  /** What its colours become in the copy; as stored where absent. */
  readonly colour?: Colour;
  readonly scratchDirectory: string;
  /** What the original says of itself: the scratch file's description too. */
  readonly info: RasterInfo;
}

/**
 * Opens the uncompressed tiled copy of an image, made by `write` where there is none yet. The copy appears by a
 * rename, so that one that is there is complete; its name holds the state of the original, so that a changed
 * original gets another one.
 * @throws bad-input for what `write` cannot decode, output-failed or over-limit where the folder cannot take it,
 *   input-changed where the original changed meanwhile
 */
export async function openScratchCopy(
  request: ScratchRequest,
  write: (target: string) => void | Promise<void>,
): Promise<TiffFileSource> {
  const { path, from = path, page, orientation, colour, scratchDirectory, info } = request;
  const seen = await seenFiles([path]);
  const made = [basename(from), page, info.dtype, orientation, colour];
  const copy = [SCRATCH_VERSION, path, seen[0]!.fingerprint, ...made];
  const state = createHash('sha256').update(JSON.stringify(copy));
  const target = join(scratchDirectory, `${state.digest('hex').slice(0, 24)}.tif`);
  if (!existsSync(target)) await make(request, target, write);
  await assertAllUnchanged(seen);
  const source = openTiffSource(target, { info });
  const { width, height, channels, dtype } = source.storedInfo;
  if (width !== info.width || height !== info.height || channels !== info.channels || dtype !== info.dtype) {
    source.close();
    throw badInput({
      what: `decoded to ${width}×${height}×${channels} ${dtype}`,
      file: path,
      expected: `${info.width}×${info.height}×${info.channels} ${info.dtype} as its header says`,
      remedy: 'convert it to TIFF first',
    });
  }
  return source;
}

async function make(
  { path, scratchDirectory, info }: ScratchRequest,
  target: string,
  write: (target: string) => void | Promise<void>,
): Promise<void> {
  const part = `${target}.${process.pid}.part`;
  try {
    mkdirSync(scratchDirectory, { recursive: true });
    checkRoom(scratchDirectory, info);
    await write(part);
    renameSync(part, target);
  } catch (cause) {
    rmSync(part, { force: true });
    if (cause instanceof HalotileError) throw cause;
    const what = firstLine(cause);
    if (/no space|EACCES|EROFS|EEXIST|ENOENT|ENOTDIR|ENOSPC|EDQUOT|write error/i.test(what)) {
      throw new HalotileError(
        'output-failed',
        { what: `the scratch file cannot be written: ${what}`, file: scratchDirectory, remedy: 'free space there' },
        { cause },
      );
    }
    throw badInput(
      { what: `cannot be decoded: ${what}`, file: path, remedy: 'the file is truncated or damaged: copy it again' },
      cause,
    );
  }
}

/** Refuses an image that the folder's file system cannot hold before anything is decoded. */
function checkRoom(directory: string, { width, height, channels, dtype }: RasterInfo): void {
  const whole = (side: number) => Math.ceil(side / SCRATCH_BLOCK) * SCRATCH_BLOCK;
  const bytes = whole(width) * whole(height) * channels * SAMPLE_BYTES[dtype];
  const { bavail, bsize } = statfsSync(directory);
  if (bytes <= bavail * bsize) return;
  throw new HalotileError('over-limit', {
    what: `${width}×${height} pixels need ${bytes} bytes of scratch space, ${bavail * bsize} are free`,
    file: directory,
    expected: 'enough room for the uncompressed image',
    remedy: 'free space or give another scratch folder',
  });
}

/** The first line of what an error says: libvips appends its whole log. */
export function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n')[0] ?? text;
}
