import type { Size } from '../../../tiling/geometry/rect.js';
import type { Corners } from '../../../tiling/operations/corners.js';
import type { TileRaster } from '../kernel.js';

/** Where windows lie: the pixels that they are of, row-major, and the radius of each. */
export interface Windows {
  readonly rect: TileRaster['rect'];
  /** One for all, or one a pixel. */
  readonly radius: number | Uint16Array;
  readonly image: Size;
}

/** Memory that corners are summed in. */
export interface CornerScratch {
  /** Sums of each pixel's window; zeroed. */
  readonly sums: Float64Array;
  /** Of each run of corners in one cell: its row and corner, its first and last column. {@link CORNER_RUNS} of them. */
  readonly runs: Uint32Array;
  /** Of each run, the next one in its cell. */
  readonly next: Uint32Array;
}

/** Summed-area values of one cell, at the corners of its pixels: rows of (width + 1) values. */
export interface CellTable {
  readonly rect: TileRaster['rect'];
  readonly values: Float64Array;
}

/** Pixels of a row that are looked at before there must be room for their runs. */
const PART_SIDE = 1024;
/** No further run. */
const NONE = 0xffff_ffff;

/**
 * Sums of windows cut at the image, each from four summed-area values. Corners are sorted by the cells in which they
 * lie, so that one cell at a time is needed; where more runs of corners wait than there is room for, the cells that they
 * lie in are visited, and the next ones gather. `load` is asked for cells in row-major order between two such visits.
 *
 * Exact where the sum of the whole image is below 2^53.
 */
export async function sumWindows(
  { cellSide, lanes }: Pick<Corners, 'cellSide' | 'lanes'>,
  windows: Windows,
  { sums, runs, next }: CornerScratch,
  load: (cellColumn: number, cellRow: number) => CellTable | Promise<CellTable>,
): Promise<void> {
  const { rect, radius, image } = windows;
  const across = Math.ceil(image.width / cellSide);
  const down = Math.ceil(image.height / cellSide);
  const heads = new Uint32Array(across * down).fill(NONE);
  let touched: number[] = [];
  let count = 0;
  const room = next.length;
  const perPart = 4 * Math.min(PART_SIDE, rect.width);
  for (let y = 0; y < rect.height; y++) {
    for (let part = 0; part < rect.width; part += PART_SIDE) {
      if (count + perPart > room) await visit();
      const end = Math.min(rect.width, part + PART_SIDE);
      for (let corner = 0; corner < 4; corner++) gather(corner, y, part, end);
    }
  }
  await visit();

  /** Adds the runs of one corner in a part of a row. */
  function gather(corner: number, y: number, from: number, to: number): void {
    const right = (corner & 1) !== 0;
    const low = (corner & 2) !== 0;
    const [left, top] = [rect.x, rect.y + y];
    const { width, height } = image;
    const first = y * rect.width;
    const radii = typeof radius === 'number' ? undefined : radius;
    const fixed = typeof radius === 'number' ? radius : 0;
    let start = from;
    // The cell of the run, and the corners that are in it.
    let cell = -1;
    let [minX, maxX, minY, maxY] = [0, -1, 0, -1];
    for (let x = from; x < to; x++) {
      const r = radii === undefined ? fixed : radii[first + x]!;
      const cx = right ? Math.min(width, left + x + r + 1) : left + x - r;
      const cy = low ? Math.min(height, top + r + 1) : top - r;
      if (cell >= 0 && cx >= minX && cx <= maxX && cy >= minY && cy <= maxY) continue;
      let own = -1;
      // The table is 0 along its first row and column.
      if (cx > 0 && cy > 0) {
        const column = Math.min(across - 1, Math.floor(cx / cellSide));
        const row = Math.min(down - 1, Math.floor(cy / cellSide));
        own = row * across + column;
        minX = Math.max(1, column * cellSide);
        maxX = column === across - 1 ? width : (column + 1) * cellSide - 1;
        minY = Math.max(1, row * cellSide);
        maxY = row === down - 1 ? height : (row + 1) * cellSide - 1;
      } else if (cell === -1) continue;
      if (cell >= 0) add(cell, corner, y, start, x);
      cell = own;
      start = x;
    }
    if (cell >= 0) add(cell, corner, y, start, to);
  }

  function add(cell: number, corner: number, y: number, from: number, to: number): void {
    if (heads[cell] === NONE) touched.push(cell);
    runs[2 * count] = (y << 2) | corner;
    runs[2 * count + 1] = (from << 16) | (to - 1);
    next[count] = heads[cell]!;
    heads[cell] = count++;
  }

  async function visit(): Promise<void> {
    touched.sort((a, b) => a - b);
    for (const cell of touched) {
      const loaded = load(cell % across, Math.floor(cell / across));
      const table = loaded instanceof Promise ? await loaded : loaded;
      for (let run = heads[cell]!; run !== NONE; run = next[run]!) {
        addRun(table, windows, sums, { lanes, place: runs[2 * run]!, span: runs[2 * run + 1]! });
      }
      heads[cell] = NONE;
    }
    touched = [];
    count = 0;
  }
}

/** Adds a run of corners, which lie in the cell. Everything is at hand in the loop: it runs four times a pixel. */
function addRun(
  { rect: cell, values }: CellTable,
  { rect, radius, image }: Windows,
  sums: Float64Array,
  { lanes, place, span }: { readonly lanes: number; readonly place: number; readonly span: number },
): void {
  const y = place >>> 2;
  const right = (place & 1) !== 0;
  const low = (place & 2) !== 0;
  const sign = right === low ? 1 : -1;
  const from = span >>> 16;
  const end = (span & 0xffff) + 1;
  const stride = (cell.width + 1) * lanes;
  const origin = cell.y * stride + cell.x * lanes;
  const [left, top] = [rect.x, rect.y + y];
  const { width, height } = image;
  const first = y * rect.width;
  const radii = typeof radius === 'number' ? undefined : radius;
  const fixed = typeof radius === 'number' ? radius : 0;
  for (let x = from; x < end; x++) {
    const r = radii === undefined ? fixed : radii[first + x]!;
    const cx = right ? Math.min(width, left + x + r + 1) : left + x - r;
    const cy = low ? Math.min(height, top + r + 1) : top - r;
    const at = cy * stride + cx * lanes - origin;
    const to = (first + x) * lanes;
    if (lanes === 3) {
      sums[to]! += sign * values[at]!;
      sums[to + 1]! += sign * values[at + 1]!;
      sums[to + 2]! += sign * values[at + 2]!;
    } else for (let lane = 0; lane < lanes; lane++) sums[to + lane]! += sign * values[at + lane]!;
  }
}
