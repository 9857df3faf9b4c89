import { badInput } from '../../../tiling/errors.js';
import { PackedStrings, type PackedText } from '../../find/packed-strings.js';
import { SharedStrings } from '../../find/shared-strings.js';
import {
  type Frame,
  FrameList,
  FrameParts,
  MAX_NAME_BYTES,
  orderedFrames,
  type PackedParts,
  REPORT_FILES,
} from './frame-list.js';

/** Frames that share one palette. */
export interface Character {
  readonly name: string;
  readonly frames: FrameList;
}

/**
 * A dataset as plan data: characters by name in code-unit order. Each passes three stages with a barrier
 * between them: all its frames are counted, its palette is found, all its frames are remapped.
 */
export interface Dataset {
  readonly characters: readonly Character[];
  /** The same, to be handed to another thread. */
  readonly packed: PackedDataset;
}

/** A dataset in few arrays, however many frames it has. */
export interface PackedDataset {
  readonly parts: PackedParts;
  readonly names: PackedText;
  /** Where the frames of each character end in `order`. */
  readonly ends: Uint32Array;
  /** Places in `parts`, character after character. */
  readonly order: Uint32Array;
}

/** The dataset of what another thread packed. */
export function unpackDataset(packed: PackedDataset): Dataset {
  const parts = new FrameParts(packed.parts);
  const names = new PackedStrings(packed.names);
  const characters = Array.from({ length: names.length }, (_, index): Character => {
    const start = index === 0 ? 0 : packed.ends[index - 1]!;
    return { name: names.get(index), frames: new FrameList(parts, packed.order.subarray(start, packed.ends[index])) };
  });
  return { characters, packed };
}

/** All frames of a dataset, character after character. */
export function* framesOf({ characters }: Dataset): Generator<Frame> {
  for (const { frames } of characters) yield* frames;
}

/** A frame with the character it belongs to. */
export interface FrameEntry extends Frame {
  readonly character: string;
}

/** Collects the frames of a dataset in any order. */
export class DatasetCollector {
  readonly #parts = new FrameParts();
  /** Of each frame its character's name. */
  readonly #characters = new SharedStrings();

  /** @throws HalotileError bad-input where the character's name would leave the output folder */
  add({ character, ...frame }: FrameEntry): void {
    if (this.#characters.push(character)) checkName(character, frame.path);
    this.#parts.push(frame);
  }

  /** @throws HalotileError bad-input where there are no frames, or two outputs collide */
  finish(where: string): Dataset {
    const names = this.#characters.distinct;
    if (names.length === 0) {
      throw badInput({ what: 'no frames', where, expected: 'FRAMES/<character>/*.png, a pattern or a manifest' });
    }
    const byName = Array.from(names.keys()).sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
    const { order, ends } = this.#byCharacter(byName);
    const packedNames = new PackedStrings();
    const characters = byName.map((place, rank): Character => {
      const name = names[place]!;
      packedNames.push(name);
      const places = order.subarray(rank === 0 ? 0 : ends[rank - 1]!, ends[rank]);
      return { name, frames: orderedFrames(name, this.#parts, places) };
    });
    const parts = this.#parts;
    return {
      characters,
      get packed() {
        return { parts: parts.packed, names: packedNames.packed, ends, order };
      },
    };
  }

  /** Places of all frames, character after character in a given order, and where those of each end. */
  #byCharacter(inOrder: readonly number[]): Pick<PackedDataset, 'order' | 'ends'> {
    const characters = this.#characters;
    const counts = new Uint32Array(inOrder.length);
    for (let place = 0; place < characters.length; place++) counts[characters.placeOf(place)]!++;
    const next = new Uint32Array(inOrder.length);
    const ends = new Uint32Array(inOrder.length);
    let start = 0;
    for (const [rank, character] of inOrder.entries()) {
      next[character] = start;
      start += counts[character]!;
      ends[rank] = start;
    }
    const order = new Uint32Array(start);
    for (let place = 0; place < start; place++) order[next[characters.placeOf(place)]!++] = place;
    return { order, ends };
  }
}

function checkName(character: string, path: string): void {
  const isReport = (REPORT_FILES as readonly string[]).includes(character);
  if (isReport)
    throw badInput({ what: `a character called "${character}" is in the place of the report`, where: path });
  if (Buffer.byteLength(character) > MAX_NAME_BYTES) {
    const what = `the character "${character.slice(0, 40)}…" has a name of ${Buffer.byteLength(character)} bytes`;
    throw badInput({ what, where: path, expected: `at most ${MAX_NAME_BYTES}` });
  }
  if (/^[^/\\\0]+$/.test(character) && !character.startsWith('.')) return;
  const expected = 'a name that can be a folder: not empty, no "/" or "\\", no leading dot';
  throw badInput({ what: `"${character}" cannot be a character`, where: path, expected });
}
