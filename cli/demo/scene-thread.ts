import { openSync, writeSync } from 'node:fs';
import { workerData } from 'piscina';
import { type ErrorRecord, toErrorRecord } from '../../tiling/errors.js';
import { cellRect, gridOf, uncutCellRect } from '../../tiling/geometry/grid.js';
import { area } from '../../tiling/geometry/rect.js';
import { TILE } from './raw-tiff.js';
import { createPainter, type SceneParameters } from './scene-painter.js';

/** What every thread of the scene's pool gets when it starts. */
export interface SceneThreadData {
  readonly scene: SceneParameters;
  readonly image: SceneFile;
  readonly map: SceneFile;
}

/** A file whose header is written: where its first tile goes and how long a tile is. */
export interface SceneFile {
  readonly path: string;
  readonly dataAt: number;
  readonly tileBytes: number;
}

const data: SceneThreadData = workerData;
const grid = gridOf(data.scene.size, { width: TILE, height: TILE });
const paint = createPainter(data.scene, TILE * TILE);
// Closed with the thread.
const imageFile = openSync(data.image.path, 'r+');
const mapFile = openSync(data.map.path, 'r+');

/** The number of image pixels made, or why there are none. */
export type PaintedTile = { readonly pixels: number } | { readonly error: ErrorRecord };

/** Paints one tile and writes it to both files; never throws. */
export default function paintTile(index: number): PaintedTile {
  try {
    const { image, map } = paint(uncutCellRect(grid, index));
    writeWhole(imageFile, image, data.image.dataAt + index * data.image.tileBytes);
    writeWhole(mapFile, map, data.map.dataAt + index * data.map.tileBytes);
    return { pixels: area(cellRect(grid, index)) };
  } catch (error) {
    return { error: toErrorRecord(error, 'output-failed', { file: data.image.path }) };
  }
}

function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}
