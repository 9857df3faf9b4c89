import { linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Size } from '../../tiling/geometry/rect.js';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';

/** Size that the benchmark's frames are drawn at and downscaled to. */
export const SMALL: Size = { width: 64, height: 90 };
/** Size that they are stored at, as exporters scale sprites up. */
export const LARGE: Size = { width: 640, height: 900 };
/** The folders that frames are made in. */
export const CHARACTERS = ['knight', 'mage', 'slime'] as const;

/** A shaded figure that walks, on clear ground, in some 60 colours. */
function figure(character: number, index: number): Uint8Array {
  const rgba = new Uint8Array(SMALL.width * SMALL.height * 4);
  for (let y = 0; y < SMALL.height; y++) {
    for (let x = 0; x < SMALL.width; x++) {
      const sway = 6 * Math.sin((index + y) / 9);
      if (Math.hypot((x - 32 - sway) / 20, (y - 45) / 38) > 1) continue;
      const band = (Math.floor(y / 9) + character * 3) % 10;
      const shade = Math.floor((x - sway) / 7) * 6 + ((x ^ y ^ index) & 1);
      const channel = (step: number) => Math.max(0, Math.min(255, ((band * step) % 200) + shade));
      rgba.set([channel(71), channel(113), channel(37), 255], (y * SMALL.width + x) * 4);
    }
  }
  return rgba;
}

/** Writes `count` frames of three characters as ROOT/<character>/NUMBER.png, by sharp's defaults. */
export async function makeFrames(root: string, count: number, size: Size): Promise<void> {
  for (const [number, character] of CHARACTERS.entries()) {
    mkdirSync(join(root, character), { recursive: true });
    for (let index = 0; index < count / CHARACTERS.length; index++) {
      const pixels = scaleNearestRgba(figure(number, index), SMALL, size);
      const file = join(root, character, `${String(index).padStart(6, '0')}.png`);
      await sharp(pixels, { raw: { ...size, channels: 4 } })
        .png()
        .toFile(file);
    }
  }
}

/** Makes `count` frames of those in another folder, linked again and again: as many files, few bytes. */
export function linkFrames(from: string, to: string, count: number): void {
  for (const character of CHARACTERS) {
    mkdirSync(join(to, character), { recursive: true });
    const names = readdirSync(join(from, character));
    for (let index = 0; index < count / CHARACTERS.length; index++) {
      const name = names[index % names.length]!;
      linkSync(join(from, character, name), join(to, character, `${index}-${name}`));
    }
  }
}

/** All frames of a folder, character by character. */
export function framesOf(root: string): string[] {
  return CHARACTERS.flatMap((character) =>
    readdirSync(join(root, character)).map((name) => join(root, character, name)),
  );
}
