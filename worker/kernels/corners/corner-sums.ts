import type { Size } from '../../../tiling/geometry/rect.js';
import type { Corners } from '../../../tiling/operations/corners.js';
import type { Border } from '../../../tiling/operations/index.js';
import type { TileRaster } from '../kernel.js';
import { SideTerms } from './side-terms.js';

/** Where windows lie: the pixels that they are of, row-major, and the radius of each. */
export interface Windows {
  readonly rect: TileRaster['rect'];
  /** One for all, or one a pixel. */
  readonly radius: number | Uint16Array;
  readonly image: Size;
  /** What extends the image; `constant` counts its pixels beyond the image as 0. */
  readonly border: Border;
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
/** Bits that say which corner a run is of. */
const CORNER_BITS = 5;

/**
 * Sums of windows, each from four summed-area values, or where the border extends the image from more. Corners are sorted by the cells in which they
 * lie, so that one cell at a time is needed; where more runs of corners wait than there is room for, the cells that they
 * lie in are visited, and the next ones gather. `load` is asked for cells in row-major order between two such visits.
 *
 * Exact where the sums are as {@link cornerLanes} has them.
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
  const corners = new CornerParts(windows);
  const perPart = corners.count * Math.min(PART_SIDE, rect.width);
  for (let y = 0; y < rect.height; y++) {
    for (let part = 0; part < rect.width; part += PART_SIDE) {
      if (count + perPart > room) await visit();
      const end = Math.min(rect.width, part + PART_SIDE);
      for (let corner = 0; corner < corners.count; corner++) gather(corner, y, part, end);
    }
  }
  await visit();

  /** Adds the runs of one corner in a part of a row. */
  function gather(corner: number, y: number, from: number, to: number): void {
    const found = corners.find(corner, y, from, to);
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
      let cx: number;
      let cy: number;
      if (found === undefined) {
        const r = radii === undefined ? fixed : radii[first + x]!;
        cx = right ? Math.min(width, left + x + r + 1) : left + x - r;
        cy = low ? Math.min(height, top + r + 1) : top - r;
      } else {
        // One that counts no times lies where the table is 0.
        cx = found.times[x - from] === 0 ? 0 : found.xs[x - from]!;
        cy = found.ys[x - from]!;
      }
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
    runs[2 * count] = (y << CORNER_BITS) | corner;
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
        addRun(table, windows, sums, { lanes, place: runs[2 * run]!, span: runs[2 * run + 1]!, corners });
      }
      heads[cell] = NONE;
    }
    touched = [];
    count = 0;
  }
}

/**
 * Corners of windows in a part of a row, where the border repeats the image's pixels: where they lie in its table, and how
 * many times each counts. Otherwise there are the four of a window that is cut at the image.
 */
class CornerParts {
  readonly #windows: Windows;
  readonly #sides: { readonly across: SideTerms; readonly down: SideTerms } | undefined;
  readonly #found = {
    xs: new Int32Array(PART_SIDE),
    ys: new Int32Array(PART_SIDE),
    times: new Float64Array(PART_SIDE),
  };

  constructor(windows: Windows) {
    const { image, border } = windows;
    this.#windows = windows;
    if (border === 'clip' || border === 'constant') return;
    this.#sides = { across: new SideTerms(image.width, border), down: new SideTerms(image.height, border) };
  }

  /** Corners of a window. */
  get count(): number {
    return this.#sides === undefined ? 4 : this.#sides.across.count * this.#sides.down.count;
  }

  /**
   * One corner of the windows at the columns `from` to `to` of a row, which holds until the next call; undefined where
   * windows are cut.
   */
  find(corner: number, y: number, from: number, to: number): FoundCorners | undefined {
    if (this.#sides === undefined) return undefined;
    const { across, down } = this.#sides;
    const { rect, radius } = this.#windows;
    const { xs, ys, times } = this.#found;
    const radii = typeof radius === 'number' ? undefined : radius;
    const windows = { radii, fixed: radii === undefined ? (radius as number) : 0, first: y * rect.width + from };
    const [column, row] = [corner % across.count, Math.floor(corner / across.count)];
    times.fill(1, 0, to - from);
    across.fill(column, { start: rect.x + from, step: 1, ...windows }, to - from, { places: xs, times });
    down.fill(row, { start: rect.y + y, step: 0, ...windows }, to - from, { places: ys, times });
    return { xs, ys, times, differs: { across: across.differs(column), down: down.differs(row) } };
  }
}

/** One corner of windows side by side. */
interface FoundCorners {
  readonly xs: Int32Array;
  readonly ys: Int32Array;
  readonly times: Float64Array;
  /** Along which sides its value is less that of the pixel before it; see {@link SideTerms.differs}. */
  readonly differs: { readonly across: boolean; readonly down: boolean };
}

/** Adds a run of corners, which lie in the cell. Everything is at hand in the loop: it runs four times a pixel. */
function addRun(
  { rect: cell, values }: CellTable,
  { rect, radius, image }: Windows,
  sums: Float64Array,
  { lanes, place, span, corners }: CornerRun,
): void {
  const y = place >>> CORNER_BITS;
  const corner = place & ((1 << CORNER_BITS) - 1);
  const from = span >>> 16;
  const end = (span & 0xffff) + 1;
  const stride = (cell.width + 1) * lanes;
  const origin = cell.y * stride + cell.x * lanes;
  const first = y * rect.width;
  const found = corners.find(corner, y, from, end);
  if (found !== undefined) {
    const { xs, ys, times } = found;
    const { across, down } = found.differs;
    let to = (first + from) * lanes;
    for (let i = 0; i < end - from; i++) {
      const at = ys[i]! * stride + xs[i]! * lanes - origin;
      const count = times[i]!;
      for (let lane = at; lane < at + lanes; lane++, to++) {
        let value = values[lane]!;
        if (across) value -= values[lane - lanes]!;
        if (down) value -= values[lane - stride]!;
        if (across && down) value += values[lane - lanes - stride]!;
        sums[to]! += count * value;
      }
    }
    return;
  }
  const right = (corner & 1) !== 0;
  const low = (corner & 2) !== 0;
  const sign = right === low ? 1 : -1;
  const [left, top] = [rect.x, rect.y + y];
  const { width, height } = image;
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

/** A run, and how its corners are found. */
interface CornerRun {
  readonly lanes: number;
  readonly place: number;
  readonly span: number;
  readonly corners: CornerParts;
}
