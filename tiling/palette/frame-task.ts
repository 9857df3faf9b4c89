import { crc32 } from 'node:zlib';
import { area } from '../geometry/rect.js';
import { fromPortable, toPortable } from '../job/portable.js';
import type { CountReply, CountTask, FrameSource, RemappedOutput, RemapTask, SpilledFrame } from './frame-execution.js';

/** What stands before a mask file's path in an operation's parameter. */
const MASK = 'mask:';

/** Work on small frames as one attempt: data that crosses machines. */
export type FrameTask = (
  | { readonly kind: 'count'; readonly task: CountTask }
  | { readonly kind: 'remap'; readonly task: RemapTask }
) & {
  /** Files that the chain's operations read beside image and map, each once. */
  readonly extras: readonly string[];
};

/** A file that a task reads, or the piece of it that is needed. */
export interface FrameFile {
  readonly path: string;
  /** Of a piece. */
  readonly offset?: number;
  readonly length?: number;
}

/** Where a worker has a file or a piece: at the piece's offset in the file itself, at 0 in a copy of the piece. */
export interface FilePlace {
  readonly path: string;
  readonly offset?: number;
}

type TaskFrame = FrameSource & { readonly spilled?: SpilledFrame | null };

/** Everything that a task reads: for each frame its spilled pixels, its image and its map, then the extras. */
export function filesOf({ task, extras }: FrameTask): FrameFile[] {
  const files = (task.frames as readonly TaskFrame[]).flatMap(({ path, map, spilled }) => [
    ...(spilled ? [{ path: spilled.file, offset: spilled.offset, length: area(spilled.size) * 4 }] : []),
    { path },
    ...(map === undefined ? [] : [{ path: map }]),
  ]);
  return [...files, ...extras.map((path) => ({ path }))];
}

/**
 * The files among {@link filesOf} without which the task cannot begin, by position: spilled pixels where there are
 * some, otherwise image and map; and the extras.
 */
export function neededFiles({ task, extras }: FrameTask): number[] {
  const needed: number[] = [];
  let position = 0;
  for (const { map, spilled } of task.frames as readonly TaskFrame[]) {
    if (spilled) needed.push(position++);
    const source = map === undefined ? [position] : [position, position + 1];
    if (!spilled) needed.push(...source);
    position += source.length;
  }
  return [...needed, ...extras.map((_, index) => position + index)];
}

/** The task with a worker's places instead of paths; a frame whose spilled pixels have no place goes without. */
export function placedTask(frames: FrameTask, places: readonly (FilePlace | undefined)[]): FrameTask {
  let position = 0;
  const next = (path: string) => places[position++]?.path ?? path;
  const placed = <F extends TaskFrame>(frame: F): F => {
    const spilled = frame.spilled ? places[position++] : undefined;
    const source = { ...frame, path: next(frame.path), map: frame.map && next(frame.map) };
    const kept = spilled && { ...frame.spilled!, file: spilled.path, offset: spilled.offset ?? 0 };
    return { ...source, spilled: kept ?? (frames.kind === 'count' ? undefined : null) };
  };
  const { chain } = frames.task;
  const withChain = () => {
    const extras = new Map(frames.extras.map((path) => [path, next(path)]));
    const named = (value: string | number | boolean) => {
      if (typeof value !== 'string') return value;
      const prefix = value.startsWith(MASK) ? MASK : '';
      const place = extras.get(value.slice(prefix.length));
      return place === undefined ? value : `${prefix}${place}`;
    };
    if (chain === null) return null;
    const operations = chain.operations.map((operation) => {
      const params = Object.entries(operation.params).map(([name, value]) => [name, named(value)]);
      return { ...operation, params: Object.fromEntries(params) };
    });
    return { ...chain, operations };
  };
  if (frames.kind === 'count') {
    const list = frames.task.frames.map(placed);
    return { ...frames, task: { ...frames.task, frames: list, chain: withChain() } };
  }
  const list = frames.task.frames.map(placed);
  return { ...frames, task: { ...frames.task, frames: list, chain: withChain() } };
}

/** What a task hands back. */
export type FrameReply =
  | { readonly kind: 'count'; readonly reply: CountReply }
  | { readonly kind: 'remap'; readonly outputs: readonly RemappedOutput[] };

/** A reply for the wire: what is known of the frames as text, and pieces of bytes in the text's order. */
export interface PackedReply {
  readonly json: string;
  readonly pieces: readonly Uint8Array[];
}

/** A reply and, by the frame's index, the pixels or files that travel with it because they are to be stored there. */
export interface CarriedReply {
  readonly reply: FrameReply;
  readonly carried: ReadonlyMap<number, Uint8Array>;
}

interface ReplyText {
  readonly kind: 'count' | 'remap';
  readonly reply?: Omit<CountReply, 'counts'>;
  readonly outputs?: readonly (Omit<RemappedOutput, 'sample'> & { readonly sample: boolean })[];
  readonly carried: readonly number[];
}

/** A reply as text and bytes; {@link unpackReply} is the inverse. */
export function packReply({ reply, carried }: CarriedReply): PackedReply {
  const indices = [...carried.keys()];
  if (reply.kind === 'count') {
    const { counts, ...rest } = reply.reply;
    const text: ReplyText = { kind: 'count', reply: rest, carried: indices };
    return { json: toPortable(text), pieces: [counts, ...carried.values()] };
  }
  const outputs = reply.outputs.map(({ sample, ...rest }) => ({ ...rest, sample: sample !== null }));
  const samples = reply.outputs.flatMap(({ sample }) => (sample === null ? [] : [sample.before, sample.after]));
  const text: ReplyText = { kind: 'remap', outputs, carried: indices };
  return { json: toPortable(text), pieces: [...carried.values(), ...samples] };
}

/** The inverse of {@link packReply}. Missing pieces are empty. */
export function unpackReply({ json, pieces }: PackedReply): CarriedReply {
  const text = fromPortable<ReplyText>(json);
  const rest = [...pieces];
  const next = () => rest.shift() ?? new Uint8Array(0);
  if (text.kind === 'count') {
    const counts = next();
    const carried = new Map(text.carried.map((index) => [index, next()]));
    return { reply: { kind: 'count', reply: { ...text.reply!, counts } }, carried };
  }
  const carried = new Map(text.carried.map((index) => [index, next()]));
  const outputs = text.outputs!.map(({ sample, ...output }) => ({
    ...output,
    sample: sample ? { before: next(), after: next() } : null,
  }));
  return { reply: { kind: 'remap', outputs }, carried };
}

/** CRC-32 that two attempts at one task have in common: of the counts, or of the pixels that were remapped. */
export function replyCrc(reply: FrameReply): number {
  if (reply.kind === 'count') return crc32(reply.reply.counts);
  return reply.outputs.reduce((crc, { index, pixelCrc }) => crc32(`${index}:${pixelCrc};`, crc), 0);
}
