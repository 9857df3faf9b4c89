import { badInput } from '../../../tiling/errors.js';
import { PackedStrings, type PackedText } from '../../find/packed-strings.js';
import { SharedStrings } from '../../find/shared-strings.js';
import {
  type Frame,
  FrameList,
  FrameParts,
  MAX_NAME_BYTES,
  orderFrames,
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
  readonly characters: CharacterList;
  /** The same, to be handed to another thread. */
  readonly packed: PackedDataset;
}

/** A dataset in few arrays, however many frames and characters it has. */
export interface PackedDataset {
  readonly parts: PackedParts;
  readonly names: PackedText;
  /** Where the frames of each character end in `order`. */
  readonly ends: Uint32Array;
  /** Places in `parts`, character after character. */
  readonly order: Uint32Array;
}

/** Characters in order; each is made when it is asked for. */
export class CharacterList implements Iterable<Character> {
  readonly #parts: FrameParts;
  readonly #names: PackedStrings;
  readonly #ends: Uint32Array;
  readonly #order: Uint32Array;

  constructor(
    parts: FrameParts,
    { names, ends, order }: Pick<PackedDataset, 'ends' | 'order'> & { readonly names: PackedStrings },
  ) {
    this.#parts = parts;
    this.#names = names;
    this.#ends = ends;
    this.#order = order;
  }

  get length(): number {
    return this.#names.length;
  }

  /** Frames of all of them. */
  get frames(): number {
    return this.#order.length;
  }

  at(index: number): Character {
    const start = index === 0 ? 0 : this.#ends[index - 1]!;
    const order = this.#order.subarray(start, this.#ends[index]);
    return { name: this.#names.get(index), frames: new FrameList(this.#parts, order) };
  }

  *[Symbol.iterator](): Generator<Character> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}

/** The dataset of what another thread packed. */
export function unpackDataset(packed: PackedDataset): Dataset {
  const { ends, order } = packed;
  const names = new PackedStrings(packed.names);
  return { characters: new CharacterList(new FrameParts(packed.parts), { names, ends, order }), packed };
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
    for (const [rank, place] of byName.entries()) {
      const name = names[place]!;
      packedNames.push(name);
      orderFrames(name, this.#parts, order.subarray(rank === 0 ? 0 : ends[rank - 1]!, ends[rank]));
    }
    const parts = this.#parts;
    return {
      characters: new CharacterList(parts, { names: packedNames, ends, order }),
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
  if (isReport) throw badInput({ what: `a character called "${character}" is in the place of the report`, file: path });
  if (Buffer.byteLength(character) > MAX_NAME_BYTES) {
    const what = `the character "${character.slice(0, 40)}…" has a name of ${Buffer.byteLength(character)} bytes`;
    throw badInput({ what, file: path, expected: `at most ${MAX_NAME_BYTES}` });
  }
  if (/^[^/\\\0]+$/.test(character) && !character.startsWith('.')) return;
  const expected = 'a name that can be a folder: not empty, no "/" or "\\", no leading dot';
  throw badInput({ what: `"${character}" cannot be a character`, file: path, expected });
}
