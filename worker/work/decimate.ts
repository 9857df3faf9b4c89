import { crc32 } from 'node:zlib';
import { evenReach, grow, intersect, type Rect, rectOf } from '../../tiling/geometry/rect.js';
import { bandPoints, decimationReach, POINT_BYTES, pyramidGrids } from '../../tiling/operations/pyramid.js';
import { scaleSpaceScratchBytes } from '../../tiling/operations/scratch.js';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../kernels/kernel.js';
import { allocate } from '../tile/allocate.js';
import { alphaLast } from '../tile/alpha-order.js';
import { readExtended } from '../tile/read-extended.js';
import { Tally } from '../tile/tally.js';
import { readValidity } from '../tile/validity.js';
import type { Runner } from './runner.js';

/** Makes a band of a pyramid's finest grid from left to right, some columns of points at a time. */
export const decimate: Runner<'decimate'> = async ({ task, data: { pyramid }, open: openJob }) => {
  const open = openJob();
  const { image } = open.plan;
  const { nodata, alpha } = image;
  const tally = new Tally(open.nowMs);
  const { rect: grid, octave } = pyramidGrids(image, pyramid)[0]!;
  const side = bandPoints(pyramid);
  const top = grid.y + task.index * side;
  const rows = Math.min(side, grid.y + grid.height - top);
  const band = new Float32Array((rows * grid.width * POINT_BYTES) / 4);
  for (let x = 0; x < grid.width; x += side) {
    const rect = { x: grid.x + x, y: top, width: Math.min(side, grid.width - x), height: rows };
    const read = pixelsUnder(rect, octave);
    // Beyond the image all points are 0.
    if (read.width === 0 || read.height === 0) continue;
    const points = new Float32Array((rect.width * rows * POINT_BYTES) / 4);
    const input = await readPixels(read);
    const context = { image, alpha, nodata };
    tally.timed('kernel', () => open.backend.pixels.decimate(input, context, { octave, rect }, points));
    const rowLength = points.length / rows;
    for (let row = 0; row < rows; row++) {
      const into = ((row * grid.width + x) * POINT_BYTES) / 4;
      band.set(points.subarray(row * rowLength, (row + 1) * rowLength), into);
    }
  }
  const points = new Uint8Array(band.buffer);
  return { value: { points }, crc: crc32(points), seconds: tally.seconds, counts: tally.counts };

  /** The pixels that points are made of, cut where there are none. */
  function pixelsUnder({ x, y, width, height }: Rect, of: number): Rect {
    const step = 2 ** of;
    const span = { x: x * step, y: y * step, width: (width - 1) * step + 1, height: (height - 1) * step + 1 };
    const margin = evenReach(pyramid.extension?.marginPx ?? 0);
    return intersect(grow(span, evenReach(decimationReach(of))), grow(rectOf(image), margin));
  }

  async function readPixels(rect: Rect): Promise<TileRaster> {
    const { channels, dtype } = image;
    const pixelBytes = channels * SAMPLE_BYTES[dtype] + 1;
    const shape = { input: rect, outputWidth: 0, dtype, channels, weighted: false, nodata: false };
    const times = pyramid.extension === undefined ? 1 : 2;
    open.backend.memory.reset(times * (rect.width * rect.height * pixelBytes + 256) + scaleSpaceScratchBytes(shape));
    if (pyramid.extension !== undefined) return readExtended(open, rect, pyramid.extension, tally);
    const raster = allocate(open, rect, image);
    const strideBytes = raster.stride * SAMPLE_BYTES[dtype];
    tally.addRead(await open.image.read(rect, bytesOf(raster.samples), strideBytes));
    alphaLast(raster, image);
    tally.counts.inputPixels += rect.width * rect.height;
    return readValidity(open, raster, rect, tally);
  }
};
