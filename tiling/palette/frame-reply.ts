import { crc32 } from 'node:zlib';
import { fromPortable, toPortable } from '../job/portable.js';
import type { BandCounts, CountReply, RemappedBand, RemappedOutput } from './frame-execution.js';

/** A written band, and the size of its file. */
export interface WrittenBand extends RemappedBand {
  readonly bytes: number;
}

/** What a task of frames hands back. */
export type FrameReply =
  | { readonly kind: 'count'; readonly reply: CountReply }
  | { readonly kind: 'remap'; readonly reply: readonly RemappedOutput[] }
  | { readonly kind: 'count-band'; readonly reply: BandCounts }
  | { readonly kind: 'remap-band'; readonly reply: WrittenBand };

/** A reply for the wire: what is known of the frames as text, and pieces of bytes in the text's order. */
export interface PackedReply {
  readonly json: string;
  readonly pieces: readonly Uint8Array[];
}

/**
 * A reply and, by the frame's index, the pixels or files that travel with it because they are to be stored there; a
 * band's file has index 0.
 */
export interface CarriedReply {
  readonly reply: FrameReply;
  readonly carried: ReadonlyMap<number, Uint8Array>;
}

/** Bytes of a reply go out of its text, each in its place a number of pieces. */
interface ReplyText {
  readonly carried: readonly number[];
  readonly reply: FrameReply;
}

/** Stands in the text for bytes that are a piece. */
interface Piece {
  readonly $piece: number;
}

/** A reply as text and bytes; {@link unpackReply} is the inverse. */
export function packReply({ reply, carried }: CarriedReply): PackedReply {
  const pieces = [...carried.values()];
  const piece = (bytes: Uint8Array) => ({ $piece: pieces.push(bytes) - 1 }) satisfies Piece;
  const text = {
    carried: [...carried.keys()],
    reply: mapBytes(reply, (bytes) => piece(bytes) as unknown as Uint8Array),
  };
  return { json: toPortable(text), pieces };
}

/** The inverse of {@link packReply}. Missing pieces are empty. */
export function unpackReply({ json, pieces }: PackedReply): CarriedReply {
  const { carried, reply } = fromPortable<ReplyText>(json);
  const bytesAt = (place: number) => pieces[place] ?? new Uint8Array(0);
  return {
    carried: new Map(carried.map((index, place) => [index, bytesAt(place)])),
    reply: mapBytes(reply, (bytes) => bytesAt((bytes as unknown as Piece).$piece)),
  };
}

/** A reply with other bytes in it. */
function mapBytes(frames: FrameReply, change: (bytes: Uint8Array) => Uint8Array): FrameReply {
  switch (frames.kind) {
    case 'count':
      return { kind: 'count', reply: { ...frames.reply, counts: change(frames.reply.counts) } };
    case 'count-band':
      return { kind: 'count-band', reply: { ...frames.reply, counts: change(frames.reply.counts) } };
    case 'remap-band':
      return frames;
    case 'remap': {
      const reply = frames.reply.map((output) => {
        const { sample } = output;
        if (sample === null) return output;
        return { ...output, sample: { before: change(sample.before), after: change(sample.after) } };
      });
      return { kind: 'remap', reply };
    }
  }
}

/** CRC-32 that two attempts at one task have in common: of the counts, or of the pixels that were remapped. */
export function replyCrc(frames: FrameReply): number {
  switch (frames.kind) {
    case 'count':
    case 'count-band':
      return crc32(frames.reply.counts);
    case 'remap-band':
      return frames.reply.adler;
    case 'remap':
      return frames.reply.reduce((crc, { index, pixelCrc }) => crc32(`${index}:${pixelCrc};`, crc), 0);
  }
}
