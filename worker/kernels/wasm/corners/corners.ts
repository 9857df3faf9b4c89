import type { Corners, LaneLayout } from '../../../../tiling/operations/corners.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type {
  CellEdges,
  CellSums,
  CornerKernels,
  CornerScratch,
  Lanes,
  WindowCorners,
  WindowSums,
  Windows,
} from '../../corner-kernels.js';
import { type LaneRows, laneRows, PLAIN_CORNERS } from '../../corners/index.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { DigitRows } from './digit-rows.js';

/** Lanes that lie alike in every 48 samples. */
const GROUPED_LANES: ReadonlySet<number> = new Set([1, 2, 3, 4, 6]);
/** Pixels whose sum 16 bits hold. */
const NARROW_SIDE = 256;

/**
 * Windows of any radius in WebAssembly. What has weights is laid out as lanes first, row by row; borders that extend the
 * image, whose corners have factors, go through the plain implementation.
 */
export function wasmCorners(arena: WasmArena): CornerKernels {
  const cells = instantiate(arena, 'corners/cells', [
    ...(['sumCells8', 'sumCells16', 'sumCells64'] as const),
    ...(['fillRows8', 'fillRows16', 'fillRows64', 'squareRow8', 'squareRow16'] as const),
  ]);
  const module = instantiate(arena, 'corners/windows', ['findRuns', 'addRuns', 'meansRow8', 'meansRow16']);
  const description = arena.reserve(32);
  const digits = new DigitRows(arena);

  function lanesOf(raster: TileRaster, lanes: Lanes): LaneRows {
    const { dtype, rect, stride, channels } = raster;
    const { squares } = lanes.layout;
    if (squares !== undefined && isPlain(raster, lanes.layout)) {
      const put = dtype === 'uint8' ? cells.squareRow8 : cells.squareRow16;
      const from = arena.addressOf(raster.samples);
      const unit = squares.at.length === 1 ? 0 : 2 ** squares.at[1]!;
      const strideBytes = stride * SAMPLE_BYTES[dtype];
      return (row, into) => put(from + row * strideBytes, rect.width, channels, unit, arena.addressOf(into));
    }
    return digits.takes(raster, lanes.layout)
      ? digits.lanes(raster, lanes)
      : laneRows(raster, lanes.image, lanes.layout);
  }

  function describe({ rect, radius, image }: Windows): number {
    const [radii, fixed] = typeof radius === 'number' ? [0, radius] : [arena.addressOf(radius), 0];
    const { x, y, width } = rect;
    new Int32Array(arena.memory.buffer, description, 8).set([radii, fixed, x, y, width, image.width, image.height]);
    return description;
  }

  function sumCells(
    raster: TileRaster,
    { image, layout }: Lanes,
    cellSide: number,
    { columns, rows, row }: CellSums & { readonly row: Float64Array },
  ): void {
    const { lanes } = layout;
    const { width, height } = raster.rect;
    const to = [arena.addressOf(columns), arena.addressOf(rows)] as const;
    if (isAlone(raster, layout)) {
      const source = arena.addressOf(raster.samples);
      const shape = [width, height, lanes, cellSide] as const;
      const narrow = raster.dtype === 'uint8' && GROUPED_LANES.has(lanes);
      if (narrow && height <= NARROW_SIDE && cellSide <= NARROW_SIDE) {
        cells.sumCells8(source, raster.stride, ...shape, ...to, arena.addressOf(row));
        return;
      }
      if (raster.dtype === 'uint16') {
        columns.fill(0);
        cells.sumCells16(source, 2 * raster.stride, ...shape, ...to);
        return;
      }
    }
    columns.fill(0);
    const fill = lanesOf(raster, { image, layout });
    const rowBytes = Math.ceil(width / cellSide) * lanes * 8;
    for (let y = 0; y < height; y++) {
      fill(y, row);
      cells.sumCells64(arena.addressOf(row), 0, width, 1, lanes, cellSide, to[0], to[1] + y * rowBytes);
    }
  }

  function fillCellTable(
    cell: TileRaster,
    { upper, left }: CellEdges,
    { image, layout }: Lanes,
    { values, row }: { readonly values: Float64Array; readonly row: Float64Array },
  ): void {
    const { lanes } = layout;
    const { width, height } = cell.rect;
    values.set(upper.subarray(0, (width + 1) * lanes));
    const tables = [arena.addressOf(upper), arena.addressOf(left), arena.addressOf(values)] as const;
    if (isAlone(cell, layout)) {
      const fill = cell.dtype === 'uint8' ? cells.fillRows8 : cells.fillRows16;
      const strideBytes = cell.stride * SAMPLE_BYTES[cell.dtype];
      fill(arena.addressOf(cell.samples), strideBytes, width, 0, height, lanes, ...tables);
      return;
    }
    const fill = lanesOf(cell, { image, layout });
    for (let y = 0; y < height; y++) {
      fill(y, row);
      cells.fillRows64(arena.addressOf(row), 0, width, y, y + 1, lanes, ...tables);
    }
  }

  function corners(
    windows: Windows,
    corners: Pick<Corners, 'cellSide' | 'layout'>,
    scratch: CornerScratch,
  ): WindowCorners {
    const { border } = windows;
    if (border !== 'clip' && border !== 'constant') return PLAIN_CORNERS.corners(windows, corners, scratch);
    const { cellSide, layout } = corners;
    const described = describe(windows);
    const [runs, next, sums] = [scratch.runs, scratch.next, scratch.sums].map((array) => arena.addressOf(array)) as [
      ...[number, number, number],
    ];
    return {
      count: 4,
      find: ({ corner, y, from, to }, count) =>
        module.findRuns(described, corner, y, from, to, cellSide, runs, next, count),
      add: ({ rect, values }, head) => {
        const table = [arena.addressOf(values), rect.x, rect.y, rect.width, layout.lanes] as const;
        // A run that there is none of is all ones, whatever its sign.
        module.addRuns(described, head, runs, next, ...table, sums);
      },
    };
  }

  function writeMeans(input: TileRaster, output: TileRaster, sums: WindowSums, context: KernelContext): void {
    if (sums.beyond === undefined && digits.takes(output, sums.layout)) {
      digits.writeMeans(input, output, sums, context);
      return;
    }
    if (!isAlone(output, sums.layout)) {
      PLAIN_CORNERS.writeMeans(input, output, sums, context);
      return;
    }
    const { rect, channels, stride } = output;
    const described = describe(sums.windows);
    const row = output.dtype === 'uint8' ? module.meansRow8 : module.meansRow16;
    const from = arena.addressOf(sums.sums);
    const into = arena.addressOf(output.samples);
    const cut = Number(sums.windows.border === 'clip');
    const beyond = sums.beyond === undefined ? 0 : arena.addressOf(sums.beyond);
    for (let y = 0; y < rect.height; y++) {
      const at = from + y * rect.width * channels * 8;
      row(described, at, y, channels, cut, beyond, into + y * stride * SAMPLE_BYTES[output.dtype]);
    }
  }

  return { sumCells, fillCellTable, corners, writeMeans, writeSpreads: PLAIN_CORNERS.writeSpreads };
}

/** Integers that all count alike, one lane each. */
function isAlone(raster: TileRaster, layout: LaneLayout): boolean {
  return layout.lanes === raster.channels && isPlain(raster, layout);
}

/** Integers that all count alike, beside the digits of their squares where these are summed. */
function isPlain({ dtype }: TileRaster, { digits, weighted, squares }: LaneLayout): boolean {
  const isInteger = dtype === 'uint8' || dtype === 'uint16';
  return isInteger && digits === undefined && !weighted && (squares?.at.length ?? 0) <= 2;
}
