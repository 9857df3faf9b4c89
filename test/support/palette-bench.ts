import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after } from 'node:test';
import sharp from 'sharp';
import { runDataset } from '../../coordinator/index.js';
import { HalotileError } from '../../tiling/errors.js';
import { type DatasetSpecInput, datasetSpecSchema } from '../../tiling/job/dataset-spec.js';
import { encodeRgbaPng } from '../../tiling/palette/png-encode.js';
import type { Restart } from '../../tiling/stitch/output-owner.js';
import { ThreadPoolExecutor } from '../../worker/index.js';

const COLOURS = [0x2a1a1f, 0x8a4b2d, 0xd9a066, 0xeec39a, 0x5b6ee1, 0x306082, 0x99e550, 0xffffff];

/** A disc that moves with `index` on clear ground, in shades near the given colours. */
export function sprite(width: number, height: number, index: number, colours: readonly number[] = COLOURS): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot(x - width / 2 - (index % 5), y - height / 2) / Math.min(width, height);
      if (distance > 0.45) continue;
      const colour = colours[Math.floor(distance * 20 + ((x >> 3) & 1)) % colours.length]!;
      const shade = (x * 7 + y * 13 + index) % 3;
      const channel = (shift: number) => Math.min(255, ((colour >> shift) & 255) + shade);
      rgba.set([channel(16), channel(8), channel(0), 255], (y * width + x) * 4);
    }
  }
  return rgba;
}

/** A frame as PNG; its folder is made. */
export function writeFrame(path: string, rgba: Uint8Array, size = { width: 40, height: 60 }): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeRgbaPng(rgba, size));
}

/** Frames of 40×60 pixels, so many a character; returns their folder. */
export function makeFrames(root: string, frames: Readonly<Record<string, number>>): string {
  for (const [character, count] of Object.entries(frames)) {
    for (let index = 0; index < count; index++) {
      writeFrame(join(root, character, `${String(index).padStart(3, '0')}.png`), sprite(40, 60, index));
    }
  }
  return root;
}

/** What the tests have frames made to. */
export const SIZE = { width: 16, height: 24 };

/** A folder of one test file, and palette jobs on this machine. */
export class PaletteBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'halotile-palette-'));
  readonly #executor = new ThreadPoolExecutor({ threads: 2, backend: 'wasm', name: `frames-${process.pid}` });

  constructor() {
    after(async () => {
      await this.#executor.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  run(input: DatasetSpecInput, { restart }: { readonly restart?: Restart } = {}) {
    const job = datasetSpecSchema.parse({ size: SIZE, ...input });
    const machine = { threads: 2, memoryBytes: 512 * 2 ** 20 };
    const nowSeconds = () => performance.now() / 1000;
    return runDataset({ ...{ job, executor: this.#executor, machine, nowSeconds }, ...(restart && { restart }) });
  }
}

/** Every file below a folder but the reports, which hold times, and the ledgers. */
export function outputs(root: string): Map<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const kept = paths.filter((path) => !path.startsWith('.halotile') && !path.startsWith('report.'));
  return new Map(kept.sort().map((path) => [path, readFileSync(join(root, path)).toString('base64')]));
}

/** RGBA of 8 bits of an image. */
export async function rgbaOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await sharp(path, { limitInputPixels: false }).ensureAlpha().raw().toBuffer());
}

/** For `assert.rejects`: an error of ours. */
export function fails(message: RegExp, tag = 'bad-input') {
  return (error: unknown) => {
    assert.ok(error instanceof HalotileError, `${error}`);
    assert.equal(error.tag, tag);
    assert.match(error.message, message);
    return true;
  };
}
