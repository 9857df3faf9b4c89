import { crc32 } from 'node:zlib';
import { intersect, rectOf } from '../../tiling/geometry/rect.js';
import { cornerTable } from '../../tiling/operations/corners.js';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { rowRoom } from '../kernels/corner-kernels.js';
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
  const { cellSide, layout } = corners;
  const { lanes } = layout;
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
    const room = [
      rect.width * lanes,
      rect.height * Math.ceil(rect.width / cellSide) * lanes,
      rowRoom(rect.width, lanes),
    ];
    const values = room.reduce((sum, count) => sum + count, 0);
    open.backend.memory.reset(rect.width * rect.height * pixelBytes + values * 8 + 256);
    let raster: TileRaster = allocate(open, rect, image);
    const stride = rect.width * image.channels * SAMPLE_BYTES[image.dtype];
    tally.addRead(await open.image.read(rect, bytesOf(raster.samples), stride));
    alphaLast(raster, image);
    tally.counts.inputPixels += rect.width * rect.height;
    raster = await readValidity(open, raster, rect, tally);
    const [of, rows, row] = room.map((length) => doubles(length)) as [Float64Array, Float64Array, Float64Array];
    const sums = { columns: of, rows, row };
    tally.timed('kernel', () => {
      open.backend.corners.sumCells(raster, { image, layout }, cellSide, sums);
      addTo(columns.subarray((rect.x + 1) * lanes), sums.columns);
      addCells({ first: rect.x / cellSide, cellSide, height: rect.height, lanes }, sums.rows, { edges, left });
    });
  }
  addAlong(columns, lanes);
  const value = { columns: new Uint8Array(columns.buffer), edges: new Uint8Array(edges.buffer) };
  return { value, crc: crc32(value.edges, crc32(value.columns)), seconds: tally.seconds, counts: tally.counts };

  function doubles(length: number): Float64Array {
    const { buffer, byteOffset } = open.backend.memory.allocSamples('uint8', length * 8);
    return new Float64Array(buffer, byteOffset, length);
  }
};

// Loops are functions of their own: V8 optimises what holds one as a whole, again for each loop, and the task is long.

function addTo(into: Float64Array, sums: Float64Array): void {
  for (let at = 0; at < sums.length; at++) into[at]! += sums[at]!;
}

function addAlong(columns: Float64Array, lanes: number): void {
  for (let at = lanes; at < columns.length; at++) columns[at]! += columns[at - lanes]!;
}

/** Sums of each row in a task's cells from `first` on. */
interface CellRows {
  readonly first: number;
  readonly cellSide: number;
  readonly height: number;
  readonly lanes: number;
}

/** Puts the sums left of each cell to its edge, and adds those of its own rows to `left`. */
function addCells(
  { first, cellSide, height, lanes }: CellRows,
  rows: Float64Array,
  { edges, left }: { readonly edges: Float64Array; readonly left: Float64Array },
): void {
  const count = rows.length / (height * lanes);
  for (let y = 0; y < height; y++) {
    for (let cell = 0; cell < count; cell++) {
      const edge = ((first + cell) * cellSide + y) * lanes;
      for (let lane = 0; lane < lanes; lane++) {
        const total = left[y * lanes + lane]!;
        edges[edge + lane] = total + (y > 0 ? edges[edge - lanes + lane]! : 0);
        left[y * lanes + lane] = total + rows[(y * count + cell) * lanes + lane]!;
      }
    }
  }
}
