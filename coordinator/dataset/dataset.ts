import { badInput } from '../../tiling/errors.js';

/** One image of a dataset. */
export interface Frame {
  /** Path relative to the character's folder, with "/": the name of its output but for the ending. */
  readonly name: string;
  readonly path: string;
  /** Distance map of the image, where a manifest names one. */
  readonly map?: string;
}

/** Frames that share one palette, by name in code-unit order. */
export interface Character {
  readonly name: string;
  readonly frames: readonly Frame[];
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

/**
 * Entries in any order as a dataset.
 * @throws HalotileError bad-input where there are none, a name leaves the output folder, or two outputs collide
 */
export function datasetOf(entries: readonly FrameEntry[], where: string): Dataset {
  if (entries.length === 0) {
    throw badInput({ what: 'no frames', where, expected: 'FRAMES/<character>/*.png, a pattern or a manifest' });
  }
  const byCharacter = new Map<string, Frame[]>();
  for (const { character, ...frame } of entries) {
    checkName(character, frame.path);
    const frames = byCharacter.get(character);
    if (frames === undefined) byCharacter.set(character, [frame]);
    else frames.push(frame);
  }
  const characters = [...byCharacter].map(([name, frames]): Character => {
    frames.sort((a, b) => compare(a.name, b.name));
    checkDistinct(name, frames);
    return { name, frames };
  });
  return { characters: characters.sort((a, b) => compare(a.name, b.name)) };
}

/** A frame's output file, relative to its character's folder. */
export function outputName(frame: Frame): string {
  return frame.name.replace(/\.[^./]+$/, '.png').replace(/^([^.]+)$/, '$1.png');
}

/** Files that a character's folder holds beside its frames. */
export const PALETTE_FILES = ['palette.png', 'palette.json', 'palette.gpl'] as const;

function checkName(character: string, path: string): void {
  if (/^[^/\\\0]+$/.test(character) && !character.startsWith('.')) return;
  const expected = 'a name that can be a folder: not empty, no "/" or "\\", no leading dot';
  throw badInput({ what: `"${character}" cannot be a character`, where: path, expected });
}

function checkDistinct(character: string, frames: readonly Frame[]): void {
  const seen = new Map<string, string>();
  for (const frame of frames) {
    const output = outputName(frame);
    const other = seen.get(output);
    if (other !== undefined) {
      const what = `it would be written to ${character}/${output} like ${other}`;
      throw badInput({ what, where: frame.path, expected: 'one frame per output', remedy: 'rename one of them' });
    }
    if ((PALETTE_FILES as readonly string[]).includes(output)) {
      throw badInput({
        what: `it would be written over ${character}/${output}`,
        where: frame.path,
        remedy: 'rename it',
      });
    }
    seen.set(output, frame.path);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
