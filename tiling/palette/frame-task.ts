import { area } from '../geometry/rect.js';
import type { SourceRef } from '../job/execution.js';
import { chainFiles, placeFiles } from '../operations/parameter-files.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type {
  Band,
  BandToRemap,
  CountTask,
  FrameSource,
  RasterFile,
  RemapTask,
  SpilledFrame,
} from './frame-execution.js';

/** Work on frames as one attempt: data that crosses machines. */
export type FrameTask = SmallFrames | FrameBand;

/** Frames that are held whole, or sampled whole from a raster. */
export type SmallFrames =
  | { readonly kind: 'count'; readonly task: CountTask }
  | { readonly kind: 'remap'; readonly task: RemapTask };

/** A band of an image that is large at its final size. */
export type FrameBand =
  | { readonly kind: 'count-band'; readonly task: Band }
  | { readonly kind: 'remap-band'; readonly task: BandToRemap };

/** A file that a task reads, or the piece of it that is needed. */
export interface FrameFile {
  readonly path: string;
  /** Of a piece. */
  readonly offset?: number;
  readonly length?: number;
  /** Of a file that is read by rects: what stands for its own description. */
  readonly raster?: RasterInfo;
}

/** Where a worker has a file or a piece: at the piece's offset in the file itself, at 0 in a copy of the piece. */
export interface FilePlace {
  readonly path: string;
  readonly offset?: number;
  /** What it holds, instead of a file; see {@link FrameSource}. */
  readonly content?: Uint8Array;
  /** Of a raster that is read from the coordinator. */
  readonly fetched?: SourceRef;
}

type TaskFrame = FrameSource & { readonly spilled?: SpilledFrame | null };

/** Whether a task is a band. */
export function isBand(frames: FrameTask): frames is FrameBand {
  return 'raster' in frames.task;
}

/**
 * Everything that a task reads: for each frame its spilled pixels, then its raster, or its image and its map; then
 * the files that its chain's operations name, each once. Of a band its raster.
 */
export function filesOf(frames: FrameTask): FrameFile[] {
  if (isBand(frames)) return [rasterFile(frames.task.raster)];
  const files = (frames.task.frames as readonly TaskFrame[]).flatMap(({ path, map, spilled, raster }) => [
    ...(spilled ? [{ path: spilled.file, offset: spilled.offset, length: area(spilled.size) * 4 }] : []),
    ...(raster ? [rasterFile(raster)] : [{ path }, ...(map === undefined ? [] : [{ path: map }])]),
  ]);
  return [...files, ...extrasOf(frames).map((path) => ({ path }))];
}

function extrasOf({ task: { chain } }: SmallFrames): string[] {
  return chain === null ? [] : chainFiles(chain.operations);
}

function rasterFile({ path, info }: RasterFile): FrameFile {
  return { path, raster: info };
}

/** Positions among {@link filesOf} of what one frame is read from. */
export interface FramePositions {
  /** Spilled pixels, where there are some; what follows is read only where they do not hold any more. */
  readonly spilled: number | undefined;
  /** Its image and its map, or its raster. */
  readonly source: readonly number[];
}

/** The positions of each frame of a task, and of the extras. */
export function positionsOf(small: SmallFrames): {
  readonly frames: readonly FramePositions[];
  readonly extras: readonly number[];
} {
  let next = 0;
  const frames = (small.task.frames as readonly TaskFrame[]).map(({ map, spilled, raster }): FramePositions => {
    const kept = spilled ? next++ : undefined;
    const source = raster === undefined && map !== undefined ? [next++, next++] : [next++];
    return { spilled: kept, source };
  });
  return { frames, extras: extrasOf(small).map(() => next++) };
}

/** The task with a worker's places instead of paths; a frame whose spilled pixels have no place goes without. */
export function placedTask(frames: FrameTask, places: readonly (FilePlace | undefined)[]): FrameTask {
  if (frames.kind === 'count-band') return { ...frames, task: placedBand(frames.task, places[0]) };
  if (frames.kind === 'remap-band') return { ...frames, task: placedBand(frames.task, places[0]) };
  const positions = positionsOf(frames);
  const extras = positions.extras.map((position) => places[position]?.path);
  const chain = placedChain(frames, extras);
  const placed = <F extends TaskFrame>(frame: F, index: number): F => {
    const { spilled, source } = positions.frames[index]!;
    const [path, map] = source.map((position) => places[position]);
    const kept = spilled === undefined ? undefined : places[spilled];
    return {
      ...frame,
      ...(frame.raster
        ? placedBand({ raster: frame.raster }, path)
        : { path: path?.path ?? frame.path, content: path?.content }),
      ...(map === undefined ? {} : { map: map.path }),
      spilled: kept && spilledAt(frame.spilled!, kept),
    };
  };
  if (frames.kind === 'count') {
    return { ...frames, task: { ...frames.task, frames: frames.task.frames.map(placed), chain } };
  }
  const list = frames.task.frames.map(placed).map((frame) => ({ ...frame, spilled: frame.spilled ?? null }));
  return { ...frames, task: { ...frames.task, frames: list, chain } };
}

/** Spilled pixels at a worker's place of them. */
export function spilledAt(spilled: SpilledFrame, { path, offset = 0, content }: FilePlace): SpilledFrame {
  return { ...spilled, file: path, offset, content };
}

function placedBand<B extends { readonly raster: RasterFile }>(band: B, place: FilePlace | undefined): B {
  return place === undefined ? band : { ...band, raster: { ...band.raster, path: place.path, fetched: place.fetched } };
}

/** The chain with places for the files in its operations' parameters. */
function placedChain(frames: SmallFrames, places: readonly (string | undefined)[]) {
  const { chain } = frames.task;
  if (chain === null) return null;
  const placeOf = new Map(extrasOf(frames).map((path, index) => [path, places[index] ?? path]));
  return { ...chain, operations: placeFiles(chain.operations, ({ path }) => placeOf.get(path)!) };
}
