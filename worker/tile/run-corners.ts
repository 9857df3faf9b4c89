import { intersect, rectOf } from '../../tiling/geometry/rect.js';
import { CORNER_RUNS, cornersOf, cornerTable } from '../../tiling/operations/corners.js';
import { windowRadius } from '../../tiling/operations/moments.js';
import type { ChainLink } from '../../tiling/plan/chain.js';
import { bytesOf, SAMPLE_BYTES, toSample } from '../../tiling/raster/dtype.js';
import type { CellTable, Windows } from '../kernels/corner-kernels.js';
import { laneRows, sumWindows } from '../kernels/corners/index.js';
import type { KernelContext, TileRaster } from '../kernels/kernel.js';
import { allocate } from './allocate.js';
import { alphaLast } from './alpha-order.js';
import type { ChainInputs } from './open-job.js';
import type { Tally } from './tally.js';
import { readValidity } from './validity.js';

/** Means or deviations over a tile whose windows are too wide for a halo: `input` and `output` hold the tile itself. */
export async function runCorners(
  open: ChainInputs,
  input: TileRaster,
  output: TileRaster,
  { operation }: ChainLink,
  context: KernelContext,
  tally: Tally,
): Promise<void> {
  const { memory, corners: kernels } = open.backend;
  const { image } = open.plan;
  const corners = cornersOf(operation)!;
  const { cellSide, layout } = corners;
  const { lanes } = layout;
  const { rect } = output;
  const { edgeOf } = cornerTable(image, cellSide);
  const mark = memory.mark();
  const sums = doubles(rect.width * rect.height * lanes).fill(0);
  const runs = words(CORNER_RUNS * 2);
  const next = words(CORNER_RUNS);
  const values = doubles((cellSide + 1) ** 2 * lanes);
  const row = doubles(cellSide * lanes);
  const upper = doubles((cellSide + 1) * lanes);
  const left = doubles(cellSide * lanes);
  const perCell = memory.mark();
  const radius = context.map === undefined ? windowRadius(operation, 0)! : (context.map.values as Uint16Array);
  const windows: Windows = { rect, radius, image, border: operation.border };
  await sumWindows(kernels, corners, windows, { sums, runs, next }, loadCell);
  memory.release(perCell);
  const beyond = operation.border === 'constant' ? constantLanes() : undefined;
  const found = { windows, sums, layout, beyond, operation };
  const write = layout.squares === undefined ? kernels.writeMeans : kernels.writeSpreads;
  tally.timed('kernel', () => write(input, output, found, context));
  memory.release(mark);

  async function loadCell(cellColumn: number, cellRow: number): Promise<CellTable> {
    memory.release(perCell);
    const whole = { x: cellColumn * cellSide, y: cellRow * cellSide, width: cellSide, height: cellSide };
    const cell = intersect(whole, rectOf(image));
    await readTable(cell.x, cellRow, upper, cell.width + 1);
    await readTable(edgeOf(cellColumn), cellRow, left, cell.height);
    let pixels: TileRaster = allocate(open, cell, image);
    const strideBytes = pixels.stride * SAMPLE_BYTES[pixels.dtype];
    tally.addRead(await open.image.read(cell, bytesOf(pixels.samples), strideBytes));
    alphaLast(pixels, image);
    tally.counts.inputPixels += cell.width * cell.height;
    pixels = await readValidity(open, pixels, cell, tally);
    tally.timed('kernel', () => kernels.fillCellTable(pixels, { upper, left }, { image, layout }, { values, row }));
    return { rect: cell, values };
  }

  /** The lanes of a pixel that is as the border says everywhere. */
  function constantLanes(): Float64Array {
    const pixel = allocate(open, { x: 0, y: 0, width: 1, height: 1 }, image);
    pixel.samples.fill(toSample(image.dtype, operation.constantValue));
    laneRows(pixel, image, layout)(0, row);
    const beyond = doubles(lanes);
    beyond.set(row.subarray(0, lanes));
    return beyond;
  }

  async function readTable(x: number, y: number, into: Float64Array, count: number): Promise<void> {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, count * lanes * 8);
    tally.addRead(await open.corners!.read({ x, y, width: count, height: 1 }, bytes, bytes.length));
  }

  function doubles(length: number): Float64Array {
    const { buffer, byteOffset } = memory.allocSamples('uint8', length * 8);
    return new Float64Array(buffer, byteOffset, length);
  }

  function words(length: number): Uint32Array {
    const { buffer, byteOffset } = memory.allocSamples('uint8', length * 4);
    return new Uint32Array(buffer, byteOffset, length);
  }
}
