import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { badInput } from '../../tiling/errors.js';
import { area, type Size } from '../../tiling/geometry/rect.js';
import { said } from '../../tiling/words.js';
import type { FrameMaking, FrameSource } from '../../tiling/work/frames.js';
import { decodeFrame, scaled } from './decode-frame.js';
import type { DecodedFrame } from './decoded-frame.js';
import { runFrameChain } from './frame-chain.js';
import { checkColours, toRgba } from './frame-colours.js';
import { type Picture, readHead, readPicture, unreadable } from './picture.js';

/** A frame as it came from its file. */
export interface LoadedFrame {
  /** At the wanted size. */
  readonly frame: DecodedFrame;
  /** Size as stored. */
  readonly source: Size;
  /** First 16 bytes of the SHA-256 of the image's bytes and then its map's, hexadecimal. */
  readonly contentHash: string;
  readonly bytesRead: number;
}

/**
 * Reads, decodes, filters and downscales one frame; one too large to be held only tells its size.
 * @throws HalotileError bad-input where it cannot be read
 */
export async function loadFrame(
  frame: FrameSource,
  making: FrameMaking,
): Promise<LoadedFrame | { readonly tooLarge: Size }> {
  const { path, content, map } = frame;
  const head = await readHead(path, content);
  const { size } = head;
  if (area(size) > making.wholePixels) return { tooLarge: { width: size.width, height: size.height } };
  const bytes = content ?? readBytes(path);
  const hash = createHash('sha256').update(bytes);
  let bytesRead = bytes.length;
  let decoded: DecodedFrame;
  if (making.chain === null) {
    decoded =
      head.isTiff || head.isCmyk
        ? scaled(asFrame(await readPicture(path, head, bytes)), making.size)
        : await decodeFrame(bytes, path, making.size);
  } else {
    let mapPicture: Picture | undefined;
    if (map !== undefined) {
      const mapBytes = readBytes(map);
      hash.update(mapBytes);
      bytesRead += mapBytes.length;
      mapPicture = await readMap(map, mapBytes, { size, path });
    }
    const filtered = await runFrameChain(making.chain, await readPicture(path, head, bytes), mapPicture);
    decoded = scaled(asFrame(filtered), making.size);
  }
  const contentHash = hash.digest('hex').slice(0, 32);
  const source = { width: size.width, height: size.height };
  return { frame: decoded, source, contentHash, bytesRead };
}

/** A map of another size could be far larger than its image. */
async function readMap(
  path: string,
  bytes: Uint8Array,
  image: { readonly size: Size; readonly path: string },
): Promise<Picture> {
  const head = await readHead(path);
  const { width, height } = image.size;
  if (head.size.width === width && head.size.height === height) return readPicture(path, head, bytes);
  throw badInput({
    what: `the map is ${head.size.width}×${head.size.height}`,
    file: path,
    expected: said`${width}×${height}, the size of ${{ file: image.path }}`,
    remedy: 'give a map of the same size',
  });
}

function asFrame({ path, info, samples }: Picture): DecodedFrame {
  checkColours(info, path);
  const pixels = info.width * info.height;
  const rgba = new Uint8Array(pixels * 4);
  toRgba(samples, info, all(pixels), rgba);
  return { rgba, size: { width: info.width, height: info.height } };
}

function* all(count: number): Generator<number> {
  for (let index = 0; index < count; index++) yield index;
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}
