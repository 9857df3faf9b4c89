import { crc32 } from 'node:zlib';
import { intersect, rectOf } from '../../tiling/geometry/rect.js';
import { cornerTable } from '../../tiling/operations/corners.js';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { laneRows } from '../kernels/corners/lane-rows.js';
import type { TileRaster } from '../kernels/kernel.js';
import { allocate } from '../tile/allocate.js';
import { alphaLast } from '../tile/alpha-order.js';
import { Tally } from '../tile/tally.js';
import { readValidity } from '../tile/validity.js';
import type { Runner } from './runner.js';

/** Pixels that are read at a time. */
const CHUNK_PIXELS = 1 << 18;

/** Sums a row of cells from left to right, some cells at a time. */
export const sum: Runner<'sum'> = async ({ task, data: { corners }, open: openJob }) => {
  const open = openJob();
  const { image } = open.plan;
  const { cellSide, lanes } = corners;
  const tally = new Tally(open.nowMs);
  const { cellsAcross } = cornerTable(image, cellSide);
  const columns = new Float64Array((image.width + 1) * lanes);
  const edges = new Float64Array(cellsAcross * cellSide * lanes);
  const left = new Float64Array(cellSide * lanes);
  const step = Math.max(1, Math.floor(CHUNK_PIXELS / cellSide ** 2));
  const pixelBytes = image.channels * SAMPLE_BYTES[image.dtype] + 1;
  for (let cell = 0; cell < cellsAcross; cell += step) {
    const wanted = { x: cell * cellSide, y: task.index * cellSide, width: step * cellSide, height: cellSide };
    const rect = intersect(wanted, rectOf(image));
    open.backend.memory.reset(rect.width * rect.height * pixelBytes + 256);
    let raster: TileRaster = allocate(open, rect, image);
    const stride = rect.width * image.channels * SAMPLE_BYTES[image.dtype];
    tally.addRead(await open.image.read(rect, bytesOf(raster.samples), stride));
    alphaLast(raster, image);
    tally.counts.inputPixels += rect.width * rect.height;
    raster = await readValidity(open, raster, rect, tally);
    tally.timed('kernel', () => addCells(raster, { columns, edges, left }));
  }
  for (let at = lanes; at < columns.length; at++) columns[at]! += columns[at - lanes]!;
  const value = { columns: new Uint8Array(columns.buffer), edges: new Uint8Array(edges.buffer) };
  return { value, crc: crc32(value.edges, crc32(value.columns)), seconds: tally.seconds, counts: tally.counts };

  function addCells(
    raster: TileRaster,
    sums: { readonly columns: Float64Array; readonly edges: Float64Array; readonly left: Float64Array },
  ): void {
    const { rect } = raster;
    const row = new Float64Array(rect.width * lanes);
    const fill = laneRows(raster, image, lanes);
    const first = rect.x / cellSide;
    const count = Math.ceil(rect.width / cellSide);
    for (let y = 0; y < rect.height; y++) {
      fill(y, row);
      const base = (rect.x + 1) * lanes;
      for (let at = 0; at < row.length; at++) sums.columns[base + at]! += row[at]!;
      for (let cell = 0; cell < count; cell++) {
        const edge = ((first + cell) * cellSide + y) * lanes;
        const end = Math.min(row.length, (cell + 1) * cellSide * lanes);
        for (let lane = 0; lane < lanes; lane++) {
          let total = sums.left[y * lanes + lane]!;
          sums.edges[edge + lane] = total + (y > 0 ? sums.edges[edge - lanes + lane]! : 0);
          for (let at = cell * cellSide * lanes + lane; at < end; at += lanes) total += row[at]!;
          sums.left[y * lanes + lane] = total;
        }
      }
    }
  }
};
