import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { CHARACTERS, LARGE, makeFrames } from '../palette-frames.js';

/** How fine the grain of each character's surface is, in steps of 8 bits: files of some 100 to 900 KB. */
const GRAIN = [0, 3, 24];
/** Pixels over which an edge turns clear. */
const SOFT_EDGE = 3;

/** An ellipse of a figure: its place and half axes as shares of the frame, its colour. */
interface Part {
  readonly x: number;
  readonly y: number;
  readonly across: number;
  readonly down: number;
  readonly colour: readonly [number, number, number];
}

/** A head, a body, two arms and two legs that swing as the frames go on. */
function partsOf(character: number, index: number): Part[] {
  const swing = 0.05 * Math.sin(index / 3);
  const shirt = [
    [150, 40, 50],
    [50, 70, 160],
    [60, 140, 70],
  ][character] as [number, number, number];
  const skin: [number, number, number] = [225, 180, 150];
  const limb = (x: number, y: number, colour: Part['colour']) => ({ x, y, across: 0.07, down: 0.2, colour });
  return [
    limb(0.4 + swing, 0.78, [70, 60, 80]),
    limb(0.6 - swing, 0.78, [70, 60, 80]),
    limb(0.24 - swing, 0.48, skin),
    limb(0.76 + swing, 0.48, skin),
    { x: 0.5, y: 0.47, across: 0.24, down: 0.22, colour: shirt },
    { x: 0.5, y: 0.17, across: 0.16, down: 0.13, colour: skin },
  ];
}

/** A figure as a renderer makes it at full size: shaded by its curvature, with a grained surface and soft edges on clear ground. */
function rendered(character: number, index: number): Uint8Array {
  const { width, height } = LARGE;
  const rgba = new Uint8Array(width * height * 4);
  let state = character * 1000 + index + 1;
  for (const { x, y, across, down, colour } of partsOf(character, index)) {
    const [left, top] = [Math.floor((x - across) * width), Math.floor((y - down) * height)];
    for (let row = Math.max(0, top); row < Math.min(height, (y + down) * height); row++) {
      for (let column = Math.max(0, left); column < Math.min(width, (x + across) * width); column++) {
        const u = (column / width - x) / across;
        const v = (row / height - y) / down;
        const inside = 1 - Math.hypot(u, v);
        const cover = Math.min(1, (inside * across * width) / SOFT_EDGE);
        if (cover <= 0) continue;
        const facing = Math.sqrt(Math.max(0, 1 - u * u - v * v));
        const light = 0.35 + 0.65 * Math.max(0, 0.7 * facing - 0.4 * u - 0.5 * v);
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const grain = (state / 2 ** 32 - 0.5) * GRAIN[character]!;
        const at = (row * width + column) * 4;
        const under = rgba[at + 3]! / 255;
        const alpha = cover + under * (1 - cover);
        for (let c = 0; c < 3; c++) {
          const own = Math.min(255, Math.max(0, colour[c]! * light + grain));
          rgba[at + c] = Math.round((own * cover + rgba[at + c]! * under * (1 - cover)) / alpha);
        }
        rgba[at + 3] = Math.round(alpha * 255);
      }
    }
  }
  return rgba;
}

/** Ways in which frames are commonly encoded as PNG. */
const ENCODERS: Readonly<Record<string, (rgba: Uint8Array, file: string) => Promise<unknown>>> = {
  sharp: (rgba, file) => raw(rgba).png().toFile(file),
  // As libpng does by itself: each row by the filter of the smallest sum, level 6.
  libpng: (rgba, file) => raw(rgba).png({ adaptiveFiltering: true, compressionLevel: 6 }).toFile(file),
  // As imwrite does: differences to the left, runs alone.
  OpenCV: async (rgba, file) => writeFileSync(file, leftFiltered(rgba)),
};

function raw(rgba: Uint8Array) {
  return sharp(rgba, { raw: { ...LARGE, channels: 4 } });
}

function leftFiltered(rgba: Uint8Array): Buffer {
  const { width, height } = LARGE;
  const stride = width * 4;
  const rows = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const into = y * (stride + 1);
    rows[into] = 1;
    for (let i = 0; i < stride; i++)
      rows[into + 1 + i] = rgba[y * stride + i]! - (i < 4 ? 0 : rgba[y * stride + i - 4]!);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const packed = deflateSync(rows, { level: 1, strategy: constants.Z_RLE });
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', packed), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** Writes `count` rendered frames of three characters as ROOT/<character>/NUMBER.png, as one of {@link ENCODERS} does. */
async function renderFrames(root: string, count: number, encoder: string): Promise<void> {
  for (const [number, character] of CHARACTERS.entries()) {
    mkdirSync(join(root, character), { recursive: true });
    for (let index = 0; index < count / CHARACTERS.length; index++) {
      const file = join(root, character, `${String(index).padStart(6, '0')}.png`);
      await ENCODERS[encoder]!(rendered(number, index), file);
    }
  }
}

/** What writes `count` frames of three characters as ROOT/<character>/NUMBER.png, by how they are made. */
export const FRAMES: Readonly<Record<string, (root: string, count: number) => Promise<void>>> = {
  ...Object.fromEntries(
    Object.keys(ENCODERS).map((encoder) => [
      `rendered, ${encoder}`,
      (root: string, count: number) => renderFrames(root, count, encoder),
    ]),
  ),
  'drawn and enlarged, sharp': (root, count) => makeFrames(root, count, LARGE),
};
