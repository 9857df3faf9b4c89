import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before } from 'node:test';
import { imageOf } from '../conformance/box-tiles.js';
import { type CliResult, halotile } from './run-halotile.js';
import { scratchFolder } from './scratch-folder.js';
import { type FileLayout, writeTiff } from './tiff-file.js';

/** Size of the image and the map of {@link Refusals}. */
export const SIZE = { width: 200, height: 150 };

/** A good image and a good map in a folder of their own, and another one where outputs would lie. */
export interface Refusals {
  readonly folder: string;
  readonly image: string;
  readonly map: string;
  readonly output: string;
  /** Runs the command, which must end with `code` and one line on stderr, and write nothing; what it said. */
  readonly refused: (code: number, ...args: string[]) => Promise<CliResult>;
  /** Refuses an image or a map that lies under `path`, naming it. */
  readonly refusedFile: (role: 'image' | 'map', path: string, ...patterns: RegExp[]) => Promise<void>;
}

/** Lays the files out before a test file's tests. */
export function refusals(): Refusals {
  const folder = scratchFolder();
  const outputs = join(folder, 'outputs');
  const image = join(folder, 'image.tif');
  const map = join(folder, 'map.tif');
  const output = join(outputs, 'out.tif');
  before(() => {
    mkdirSync(outputs);
    writeImage(image);
    writeTiff(
      map,
      imageOf(SIZE, { dtype: 'uint8', channels: 1 }, (x) => x % 7),
    );
  });

  async function refused(code: number, ...args: string[]): Promise<CliResult> {
    const result = await halotile(...args);
    assert.equal(result.code, code, result.stderr);
    assert.equal(result.stdout, '');
    assert.equal(result.stderr.trimEnd().split('\n').length, 1, result.stderr);
    assert.doesNotMatch(result.stderr, /\bat .*\.js:\d/);
    assert.deepEqual(readdirSync(outputs), []);
    return result;
  }

  async function refusedFile(role: 'image' | 'map', path: string, ...patterns: RegExp[]): Promise<void> {
    const inputs = role === 'image' ? [path, '--map', map] : [image, '--map', path];
    const { stderr } = await refused(2, 'blur', ...inputs, '-o', output);
    assert.ok(stderr.includes(path), stderr);
    for (const pattern of patterns) assert.match(stderr, pattern);
  }

  return { folder, image, map, output, refused, refusedFile };
}

/** An RGB image of that size. */
export function writeImage(path: string, layout?: FileLayout): void {
  writeTiff(
    path,
    imageOf(SIZE, { dtype: 'uint8', channels: 3 }, (x, y, c) => (x * y + c) & 255),
    layout,
  );
}
