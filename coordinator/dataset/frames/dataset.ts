import { badInput } from '../../../tiling/errors.js';
import { type Frame, FrameCollector, type FrameList, MAX_NAME_BYTES, REPORT_FILES } from './frame-list.js';

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
}

/** A frame with the character it belongs to. */
export interface FrameEntry extends Frame {
  readonly character: string;
}

/** Collects the frames of a dataset in any order. */
export class DatasetCollector {
  readonly #characters = new Map<string, FrameCollector>();

  /** @throws HalotileError bad-input where the character's name would leave the output folder */
  add({ character, ...frame }: FrameEntry): void {
    let frames = this.#characters.get(character);
    if (frames === undefined) {
      checkName(character, frame.path);
      frames = new FrameCollector();
      this.#characters.set(character, frames);
    }
    frames.add(frame);
  }

  /** @throws HalotileError bad-input where there are no frames, or two outputs collide */
  finish(where: string): Dataset {
    if (this.#characters.size === 0) {
      throw badInput({ what: 'no frames', where, expected: 'FRAMES/<character>/*.png, a pattern or a manifest' });
    }
    const names = [...this.#characters.keys()].sort();
    return { characters: names.map((name) => ({ name, frames: this.#characters.get(name)!.finish(name) })) };
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
