import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CollectionSpecInput } from '../../tiling/job/collection-spec.js';
import { imageOf, noise } from '../conformance/box-tiles.js';
import { writeTiff } from './tiff-file.js';

export const SIZE = { width: 150, height: 110 };
export const NAMES = ['a', 'b', 'c', 'd', 'e'];
export const BOX: CollectionSpecInput['operations'] = [{ name: 'box' }];

export function writeImage(path: string, seed: number, size = SIZE): void {
  const random = noise(seed);
  mkdirSync(dirname(path), { recursive: true });
  writeTiff(
    path,
    imageOf(size, { dtype: 'uint8', channels: 3 }, () => random(256)),
    { tile: 64, deflate: true },
  );
}

export function writeMap(path: string, seed: number, size = SIZE): void {
  mkdirSync(dirname(path), { recursive: true });
  writeTiff(
    path,
    imageOf(size, { dtype: 'uint8', channels: 1 }, (x, y) => (x + y + seed) % 9),
    { tile: 64 },
  );
}

/** Images and maps of the five names below a folder. */
export function writePairs(root: string): void {
  for (const [seed, name] of NAMES.entries()) {
    writeImage(join(root, 'slides', `${name}.tif`), seed);
    writeMap(join(root, 'maps', `${name}.tif`), seed);
  }
}

/** Names of the TIFF files below a folder, in order. */
export const tifsBelow = (root: string) =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.tif'))
    .sort();
