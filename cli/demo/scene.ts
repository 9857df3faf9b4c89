import { closeSync, existsSync, fstatSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Threads } from '../../threads/threads.js';
import { badUsage, fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import { cellCount, gridOf } from '../../tiling/geometry/grid.js';
import { area, type Size } from '../../tiling/geometry/rect.js';
import { makeFolder } from '../../tiling/make-folder.js';
import { outputPlace, publishFile } from '../../tiling/stitch/output-file.js';
import { layOutRawTiff, type RawTiff, TILE } from './raw-tiff.js';
import type { SceneParameters } from './scene-painter.js';
import type { PaintedTile, SceneThreadData } from './scene-thread.js';

/** Part of the files' description: raise it when the pixels change, so that old files are not reused. */
const SCENE_VERSION = 1;
/** The size at which the map reaches radius 64. */
const FULL_HEIGHT = 15000;
const FULL_RADIUS = 64;

/** A scene's description begins within these first bytes of its file. */
const SCENE_START_BYTES = 1 << 12;

/** What a scene is made of and how. */
export interface DemoSceneOptions {
  /** Made where it is missing. */
  readonly directory: string;
  readonly size: Size;
  readonly seed: number;
  readonly threads: number;
  /** The map's largest radius, 1 to 255; default 64 at a height of 15000, in proportion below, 64 above. */
  readonly maxRadius?: number;
  /** Called with pixels done and in all, at most once a tile. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The two files of a scene. */
export interface DemoScene {
  /** DIRECTORY/scene.tif: RGB bytes, tiled, uncompressed. */
  readonly image: string;
  /** DIRECTORY/distance.tif: one byte a pixel, the blur radius for a camera focused on the middle ground. */
  readonly map: string;
  /** Near 0 where the files were there already. */
  readonly seconds: number;
  /** Whether both files were there already with the same parameters. */
  readonly reused: boolean;
}

/**
 * Makes the demo scene and its distance map: the same bytes for the same size, seed and radius on every
 * machine. Complete files of the same parameters are left as they are; a file appears under its name when it
 * is complete.
 * @throws bad-usage for a size, seed or radius out of range; output-failed where the files cannot be written
 */
export async function makeDemoScene(options: DemoSceneOptions): Promise<DemoScene> {
  const started = performance.now();
  const { directory, size, seed, threads, onProgress } = options;
  const scene: SceneParameters = { size, seed, maxRadius: options.maxRadius ?? radiusFor(size) };
  check(scene);
  const text = `halotile demo ${SCENE_VERSION}: ${size.width}x${size.height} seed ${seed} radius ${scene.maxRadius}`;
  const files = [
    { path: join(directory, 'scene.tif'), layout: layOutRawTiff(size, 3, text) },
    { path: join(directory, 'distance.tif'), layout: layOutRawTiff(size, 1, text) },
  ] as const;
  const result = (reused: boolean): DemoScene => ({
    image: files[0].path,
    map: files[1].path,
    seconds: (performance.now() - started) / 1000,
    reused,
  });
  if (files.every(isComplete)) return result(true);

  const places = files.map(({ path }) => scenePlace(path));
  const parts = files.map(({ layout }, index) => ({ path: `${places[index]}.${process.pid}.new`, layout }));
  try {
    makeFolder(directory);
    for (const { path, layout } of parts) writeFileSync(path, layout.header);
    const [image, map] = parts.map(({ path, layout }) => ({
      path,
      dataAt: layout.header.length,
      tileBytes: layout.tileBytes,
    }));
    await paintAll({ scene, image: image!, map: map! }, threads, onProgress);
    places.forEach((place, index) => {
      publishFile(parts[index]!.path, place);
    });
  } catch (error) {
    for (const { path } of parts) if (existsSync(path)) rmSync(path);
    const what = `the demo scene could not be written: ${error instanceof Error ? error.message : String(error)}`;
    const remedy = 'choose a writable directory with enough room';
    throw new HalotileError('output-failed', { what, file: directory, remedy }, { cause: error });
  }
  return result(false);
}

function radiusFor({ height }: Size): number {
  return Math.min(FULL_RADIUS, Math.max(1, Math.round((FULL_RADIUS * height) / FULL_HEIGHT)));
}

function check({ size, seed, maxRadius }: SceneParameters): void {
  const whole = (value: number, from: number, to: number) => Number.isInteger(value) && value >= from && value <= to;
  if (!whole(size.width, 1, 2 ** 20) || !whole(size.height, 1, 2 ** 20)) {
    throw badUsage({ what: `demo size ${size.width}x${size.height}`, expected: 'whole sides from 1 to 1048576' });
  }
  if (!whole(seed, 0, 2 ** 32 - 1))
    throw badUsage({ what: `demo seed ${seed}`, expected: 'a whole number below 2^32' });
  if (!whole(maxRadius, 1, 255)) throw badUsage({ what: `demo radius ${maxRadius}`, expected: '1 to 255' });
}

async function paintAll(
  data: SceneThreadData,
  threads: number,
  onProgress: DemoSceneOptions['onProgress'],
): Promise<void> {
  const tiles = cellCount(gridOf(data.scene.size, { width: TILE, height: TILE }));
  const total = area(data.scene.size);
  const count = Math.max(1, Math.min(threads, tiles));
  const pool = new Threads<PaintedTile>({ file: new URL('scene-thread.js', import.meta.url), count, data });
  try {
    let done = 0;
    await Promise.all(
      Array.from({ length: tiles }, async (_, index) => {
        const answer = await pool.ask(index);
        if ('error' in answer) throw fromErrorRecord(answer.error);
        done += answer.pixels;
        onProgress?.(done, total);
      }),
    );
  } finally {
    await pool.close();
  }
}

/**
 * Where a file of the scene goes: the name is not the user's choice, so that only an older scene is replaced.
 * @throws bad-usage where another file lies there
 */
function scenePlace(path: string): string {
  const place = outputPlace(path);
  if (!existsSync(place)) return place;
  const start = Buffer.alloc(SCENE_START_BYTES);
  const file = openSync(place, 'r');
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  if (start.includes('halotile demo ')) return place;
  const remedy = 'choose another --directory, or move the file away';
  throw badUsage({ what: 'a file that is no scene of the demo is in its place', file: path, remedy });
}

/** Whether the file has the length and header that it would have if it were made now. */
function isComplete({ path, layout }: { readonly path: string; readonly layout: RawTiff }): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    // Missing or unreadable: it is made anew, and a directory that cannot be written says so then.
    return false;
  }
  try {
    if (fstatSync(file).size !== layout.fileBytes) return false;
    const header = new Uint8Array(layout.header.length);
    return readSync(file, header, 0, header.length, 0) === header.length && Buffer.compare(header, layout.header) === 0;
  } finally {
    closeSync(file);
  }
}
