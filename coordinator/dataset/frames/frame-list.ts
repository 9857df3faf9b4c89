import { badInput } from '../../../tiling/errors.js';
import type { PaletteOptions } from '../../../tiling/palette/palette-options.js';
import { said } from '../../../tiling/words.js';
import { PackedStrings, type PackedText } from '../../find/packed-strings.js';
import { type PackedShared, SharedStrings } from '../../find/shared-strings.js';

/** One image of a dataset. */
export interface Frame {
  /** Path relative to the character's folder, with "/": the name of its output but for the ending. */
  readonly name: string;
  readonly path: string;
  /** Distance map of the image, where a manifest names one. */
  readonly map?: string;
}

/** Files that the output folder holds beside the characters' folders. */
export const REPORT_FILES = ['report.html', 'report.json'] as const;

/** Bytes that a file system allows for the name of a file or folder. */
export const MAX_NAME_BYTES = 255;
/** What is added to a frame's name while it is written: a dot before it, its ending and `.part` behind it. */
const WRITING_BYTES = '.'.length + '.png'.length + '.part'.length;

/** Files that a character's folder holds beside its frames. */
export function paletteFiles({ formats }: Pick<PaletteOptions, 'formats'>): string[] {
  return ['png', 'json', 'gpl', ...formats].map((ending) => `palette.${ending}`);
}

/**
 * The frames of one character by the name of their output in code-point order: names are packed, and folders that
 * many frames share are kept once, which makes some 20 bytes a frame beside the text of its name.
 */
export class FrameList implements Iterable<Frame> {
  readonly #parts: FrameParts;
  /** Places in `#parts` in order. */
  readonly #order: Uint32Array;

  constructor(parts: FrameParts, order: Uint32Array) {
    this.#parts = parts;
    this.#order = order;
  }

  get length(): number {
    return this.#order.length;
  }

  at(index: number): Frame {
    return this.#parts.frame(this.#order[index]!);
  }

  /** Name of a frame's output without its ending, relative to the character's folder. */
  stemOf(index: number): string {
    return this.#parts.stem(this.#order[index]!);
  }

  /** The index of the frame of a name; -1 where there is none. */
  indexOf(name: string): number {
    const stem = Buffer.from(splitName(name).stem);
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#parts.compareStem(this.#order[middle]!, stem) < 0) low = middle + 1;
      else high = middle;
    }
    return low < this.length && this.at(low).name === name ? low : -1;
  }

  *[Symbol.iterator](): Generator<Frame> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}

/**
 * Sorts the frames of one character.
 * @param places of its frames in `parts`
 * @throws HalotileError bad-input where two frames would be written to one file, or one over a palette's
 */
export function orderFrames(character: string, parts: FrameParts, places: Uint32Array): void {
  places.sort((a, b) => parts.compare(a, b));
  for (const [index, place] of places.entries()) {
    const before = places[index - 1];
    if (before !== undefined && parts.compare(before, place) === 0) {
      const like = { file: parts.frame(before).path };
      const what = said`it would be written to ${character}/${parts.stem(place)}.png like ${like}`;
      const file = parts.frame(place).path;
      throw badInput({ what, file, expected: 'one frame per output', remedy: 'rename one of them' });
    }
    const stem = parts.stem(place);
    const longest = Math.max(...stem.split('/').map((part) => Buffer.byteLength(part)));
    if (longest > MAX_NAME_BYTES - WRITING_BYTES) {
      const what = `the name of its output has ${longest} bytes`;
      const file = parts.frame(place).path;
      throw badInput({ what, file, expected: `at most ${MAX_NAME_BYTES - WRITING_BYTES}`, remedy: 'rename it' });
    }
    if (stem === 'palette') {
      const file = parts.frame(place).path;
      throw badInput({ what: `it would be written over ${character}/palette.png`, file, remedy: 'rename it' });
    }
  }
}

/** Ends the whole path of a frame that lies under another name. No path holds it. */
const ELSEWHERE = '\0';

/** {@link FrameParts} as data. */
export interface PackedParts {
  readonly stems: PackedText;
  readonly endings: PackedShared;
  readonly folders: PackedShared;
  readonly mapFolders: PackedShared;
  readonly mapNames: PackedText;
}

/** Frames of any characters in the order in which they came, each in pieces. */
export class FrameParts {
  readonly #stems: PackedStrings;
  readonly #endings: SharedStrings;
  /** What of a path stands before the frame's name. */
  readonly #folders: SharedStrings;
  /** Folders and names of maps; a frame without one has both empty. */
  readonly #mapFolders: SharedStrings;
  readonly #mapNames: PackedStrings;

  /** @param packed what to begin with; nothing where absent */
  constructor(packed?: PackedParts) {
    this.#stems = new PackedStrings(packed?.stems);
    this.#endings = new SharedStrings(packed?.endings);
    this.#folders = new SharedStrings(packed?.folders);
    this.#mapFolders = new SharedStrings(packed?.mapFolders);
    this.#mapNames = new PackedStrings(packed?.mapNames);
  }

  /** All of them, to be handed over. */
  get packed(): PackedParts {
    return {
      stems: this.#stems.packed,
      endings: this.#endings.packed,
      folders: this.#folders.packed,
      mapFolders: this.#mapFolders.packed,
      mapNames: this.#mapNames.packed,
    };
  }

  get length(): number {
    return this.#stems.length;
  }

  push({ name, path, map = '' }: Frame): void {
    const { stem, ending } = splitName(name);
    this.#stems.push(stem);
    this.#endings.push(ending);
    this.#folders.push(path.endsWith(name) ? path.slice(0, path.length - name.length) : `${path}${ELSEWHERE}`);
    const cut = map.lastIndexOf('/') + 1;
    this.#mapFolders.push(map.slice(0, cut));
    this.#mapNames.push(map.slice(cut));
  }

  frame(place: number): Frame {
    const name = this.stem(place) + this.#endings.get(place);
    const folder = this.#folders.get(place);
    const path = folder.endsWith(ELSEWHERE) ? folder.slice(0, -1) : folder + name;
    const map = this.#mapFolders.get(place) + this.#mapNames.get(place);
    return map === '' ? { name, path } : { name, path, map };
  }

  stem(place: number): string {
    return this.#stems.get(place);
  }

  compare(first: number, second: number): number {
    return this.#stems.compare(first, second);
  }

  compareStem(place: number, stem: Uint8Array): number {
    return this.#stems.compareWith(place, stem);
  }
}

function splitName(name: string): { readonly stem: string; readonly ending: string } {
  const [ending = ''] = /\.[^./]+$/.exec(name) ?? [];
  return { stem: name.slice(0, name.length - ending.length), ending };
}
