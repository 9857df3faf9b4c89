import { readFileSync } from 'node:fs';
import type { Rect, Size } from '../../tiling/geometry/rect.js';
import { drawChart } from './chart.js';
import type { WasmModules } from './modules.js';
import { packObjects, placeObjects } from './scene-objects.js';

/** The pixels of one rect; views of the painter's memory, valid until its next call. */
export interface PaintedRect {
  /** RGB, row-major. */
  readonly image: Uint8Array;
  /** One byte a pixel, row-major. */
  readonly map: Uint8Array;
}

/** What a scene depends on; the same values give the same pixels on every machine. */
export interface SceneParameters {
  readonly size: Size;
  readonly seed: number;
  /** The largest radius of the map. */
  readonly maxRadius: number;
}

/**
 * A function that paints any rect of the scene, which may reach beyond the image, up to `most` pixels at
 * once and up to 1024 columns, a multiple of four.
 */
export function createPainter(scene: SceneParameters, most: number): (rect: Rect) => PaintedRect {
  const path = new URL('./scene.wasm', import.meta.url);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  const module = new WebAssembly.Module(readFileSync(path));
  const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as WasmModules['scene'];
  memory.grow(Math.max(0, Math.ceil((kernel.memoryNeed(most) - memory.buffer.byteLength) / 65536)));
  const objects = packObjects(placeObjects(scene.seed));
  new Float32Array(memory.buffer, kernel.objectsAt(), objects.length).set(objects);
  const chart = drawChart();
  new Uint8Array(memory.buffer, kernel.chartAt(), chart.length).set(chart);
  kernel.prepare(scene.seed, objects.byteLength);
  const { width: imageWidth, height: imageHeight } = scene.size;
  return ({ x, y, width, height }) => {
    const mapAt = kernel.paint(imageWidth, imageHeight, x, y, width, height, scene.maxRadius);
    return {
      image: new Uint8Array(memory.buffer, kernel.outAt(), width * height * 3),
      map: new Uint8Array(memory.buffer, mapAt, width * height),
    };
  };
}
