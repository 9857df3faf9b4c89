import { closeSync, copyFileSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { layOutRawTiff, TILE } from '../../cli/demo/raw-tiff.js';
import { type DemoScene, makeDemoScene } from '../../cli/demo/scene.js';

const THREADS = 2;
const MAX_RADIUS = 64;
const ENTRY_BYTES = 20;
const TILE_OFFSETS = 324;

/** An image and its map. */
export interface Pair {
  readonly image: string;
  readonly map: string;
}

/** The demo scene with radii up to 64 whatever its size, in a folder of its own. */
export function scene(work: string, side: number): Promise<DemoScene> {
  return makeDemoScene({
    directory: join(work, `scene-${side}`),
    size: { width: side, height: side },
    seed: 1,
    threads: THREADS,
    maxRadius: MAX_RADIUS,
  });
}

/**
 * An image and map of `side` pixels whose blocks are those of a smaller scene, again and again: block places may
 * repeat, so that a huge image with real pixels takes no more disk than the small one.
 */
export function repeatedScene(work: string, from: Pair, fromSide: number, side: number): Pair {
  const image = join(work, `repeated-${side}.tif`);
  const map = join(work, `repeated-distance-${side}.tif`);
  repeat({ from: from.image, to: image, channels: 3 }, fromSide, side);
  repeat({ from: from.map, to: map, channels: 1 }, fromSide, side);
  return { image, map };
}

function repeat(
  { from, to, channels }: { readonly from: string; readonly to: string; readonly channels: 1 | 3 },
  fromSide: number,
  side: number,
): void {
  if (existsSync(to)) return;
  const { header, tileBytes } = layOutRawTiff({ width: side, height: side }, channels, `repeats ${fromSide}`);
  const acrossFrom = Math.ceil(fromSide / TILE);
  // Blocks at the right and lower edge are padded: only whole ones are repeated.
  const whole = Math.max(1, Math.floor(fromSide / TILE));
  const across = Math.ceil(side / TILE);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const dataAt = statSync(from).size - acrossFrom * acrossFrom * tileBytes;
  const indexAt = statSync(from).size;
  const entries = view.getUint8(16);
  for (let entry = 0; entry < entries; entry++) {
    const at = 24 + entry * ENTRY_BYTES;
    const size = { 2: 1, 3: 2, 4: 4, 16: 8 }[view.getUint16(at + 2, true)]! * view.getUint32(at + 4, true);
    if (size <= 8) continue;
    const valuesAt = Number(view.getBigUint64(at + 12, true));
    view.setBigUint64(at + 12, BigInt(valuesAt + indexAt), true);
    if (view.getUint16(at, true) !== TILE_OFFSETS) continue;
    for (let index = 0; index < across * across; index++) {
      const row = Math.floor(index / across) % whole;
      const column = (index % across) % whole;
      view.setBigUint64(valuesAt + 8 * index, BigInt(dataAt + (row * acrossFrom + column) * tileBytes), true);
    }
  }
  const scratch = `${to}.new`;
  copyFileSync(from, scratch);
  const file = openSync(scratch, 'r+');
  try {
    // The directory goes to the end, the first header to it; its own 16 bytes are not needed there.
    writeSync(file, header, 0, header.length, indexAt);
    const start = new DataView(new ArrayBuffer(8));
    start.setBigUint64(0, BigInt(indexAt + 16), true);
    writeSync(file, new Uint8Array(start.buffer), 0, 8, 8);
  } finally {
    closeSync(file);
  }
  renameSync(scratch, to);
}
