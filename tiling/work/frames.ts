import type { ErrorRecord } from '../errors.js';
import { area, type Size } from '../geometry/rect.js';
import type { ImageChain } from '../job/dataset-spec.js';
import { chainFiles, placeFiles } from '../operations/parameter-files.js';
import type { ColourSpace } from '../palette/colour-space.js';
import type { Dither } from '../palette/dither.js';
import type { Rgb } from '../palette/nearest-colour.js';
import { PNG_SIGNATURE } from '../png-signature.js';
import { type FileRef, type InputPlace, lostPath } from './references.js';

/** Frames that a thread has in work at once, and bytes of a pixel on its way. */
const HELD_FRAMES = 2;
const HELD_BYTES = 8;

/** Where a downscaled frame lies in a spill file: raw interleaved RGBA, so that no frame is decoded twice. */
export interface SpilledFrame {
  readonly file: string;
  readonly offset: number;
  readonly size: Size;
  /** CRC-32 of its bytes. */
  readonly crc: number;
  /** Its bytes, instead of the file, where they are held already. */
  readonly content?: Uint8Array;
}

/** Where a frame's pixels come from. */
export interface FrameSource {
  /** The caller's number of it, which comes back. */
  readonly index: number;
  readonly path: string;
  /** What `path` holds, where it is known already. */
  readonly content?: Uint8Array;
  /** The distance map of the image at `path`. */
  readonly map?: string;
  /** Where it lies downscaled. Read from `path` where that does not hold any more. */
  readonly spilled?: SpilledFrame | null;
}

/** How all frames of a task become pixels. */
export interface FrameMaking {
  /** What every image passes first; null where nothing does. */
  readonly chain: ImageChain | null;
  /** Then its size; null keeps each image's own. */
  readonly size: Size | null;
  /** Images of more pixels are not held. */
  readonly wholePixels: number;
}

/** Frames that are held whole, one after the other. */
export interface FramesData extends FrameMaking {
  readonly frames: readonly FrameSource[];
}

/** The palette that frames are written in, and the one whose colours stand for it where it is not null. */
export interface FrameColours {
  readonly palette: readonly Rgb[];
  readonly target: readonly Rgb[] | null;
  readonly dither: Dither;
  /** Where the nearest colour is. */
  readonly space: ColourSpace;
}

/** Everything that a task reads: for each frame its spilled pixels, its image and its map; then the chain's files. */
export function framesRead({ frames, chain }: FramesData): FileRef[] {
  const refs: FileRef[] = [];
  for (const { path, map, spilled } of frames) {
    let unless: number | undefined;
    if (spilled) {
      unless = refs.length;
      const { file, offset, size, crc } = spilled;
      refs.push({ form: 'file', path: file, offset, length: area(size) * 4, crc });
    }
    refs.push({ form: 'file', path, unless, ...(chain === null && { bytesFrom: [...PNG_SIGNATURE] }) });
    if (map !== undefined) refs.push({ form: 'file', path: map, unless });
  }
  return [...refs, ...namedBy(chain).map((path): FileRef => ({ form: 'file', path }))];
}

/** The frames with a worker's places instead of paths; one whose spilled pixels are lost goes without them. */
export function framesPlaced<D extends FramesData>(data: D, places: readonly InputPlace[]): D {
  let next = 0;
  const frames = data.frames.map((frame): FrameSource => {
    const kept = frame.spilled ? places[next++]! : undefined;
    const image = places[next++]!;
    const map = frame.map === undefined ? undefined : places[next++]!;
    return {
      ...frame,
      ...(image.kind === 'held' ? { content: image.content } : { path: pathOf(image, frame.path) }),
      ...(map && { map: pathOf(map, frame.map!) }),
      spilled: kept === undefined ? null : spilledAt(frame.spilled!, kept),
    };
  });
  const files = new Map(namedBy(data.chain).map((path) => [path, pathOf(places[next++]!, path)]));
  const chain = data.chain && {
    ...data.chain,
    operations: placeFiles(data.chain.operations, ({ path }) => files.get(path)!),
  };
  return { ...data, frames, chain };
}

function spilledAt(spilled: SpilledFrame, place: InputPlace): SpilledFrame | null {
  if (place.kind === 'held') return { ...spilled, content: place.content };
  return place.kind === 'piece' ? { ...spilled, file: place.path, offset: place.offset ?? 0 } : null;
}

function pathOf(place: InputPlace, path: string): string {
  return place.kind === 'piece' ? place.path : lostPath(path);
}

/** Files that the operations of a chain name, each once. */
function namedBy(chain: ImageChain | null): string[] {
  return chain === null ? [] : chainFiles(chain.operations);
}

/** The frames of a task one by one. */
export function framesSplit<D extends FramesData>(data: D): D[] {
  return data.frames.map((frame) => ({ ...data, frames: [frame] }));
}

/** The error of a task of one frame that is given up, in the frame's name. */
export function frameBlamed({ frames }: FramesData, { tag, detail }: ErrorRecord): ErrorRecord {
  const [frame] = frames;
  if (frames.length !== 1) return { tag, detail };
  const remedy = "look at the workers' logs, or remove the frame";
  return { tag, detail: { what: detail.what, file: frame!.path, remedy } };
}

/** What one attempt at frames holds. */
export function framesBytes({ wholePixels }: FrameMaking): number {
  return HELD_FRAMES * HELD_BYTES * wholePixels;
}
