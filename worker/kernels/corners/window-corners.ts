import type { Corners } from '../../../tiling/operations/corners.js';
import {
  type CellTable,
  type CornerPart,
  type CornerScratch,
  NO_RUN,
  type WindowCorners,
  type Windows,
} from '../corner-kernels.js';
import { SideTerms } from './side-terms.js';

/** Pixels of a row that are looked at before there must be room for their runs. */
export const PART_SIDE = 1024;
/** Bits that say which corner a run is of. */
const CORNER_BITS = 5;

/** The corners of a tile's windows, found and added one by one. */
export function windowCorners(
  windows: Windows,
  { cellSide, layout: { lanes } }: Pick<Corners, 'cellSide' | 'layout'>,
  { sums, runs, next }: CornerScratch,
): WindowCorners {
  const { rect, radius, image } = windows;
  const across = Math.ceil(image.width / cellSide);
  const down = Math.ceil(image.height / cellSide);
  const corners = new CornerParts(windows);
  return { count: corners.count, find, add };

  function find({ corner, y, from, to }: CornerPart, before: number): number {
    const found = corners.find(corner, y, from, to);
    const right = (corner & 1) !== 0;
    const low = (corner & 2) !== 0;
    const [left, top] = [rect.x, rect.y + y];
    const { width, height } = image;
    const first = y * rect.width;
    const radii = typeof radius === 'number' ? undefined : radius;
    const fixed = typeof radius === 'number' ? radius : 0;
    let start = from;
    let count = before;
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
      if (cell >= 0) append(x);
      cell = own;
      start = x;
    }
    if (cell >= 0) append(to);
    return count;

    function append(end: number): void {
      runs[2 * count] = (y << CORNER_BITS) | corner;
      runs[2 * count + 1] = (start << 16) | (end - 1);
      next[count++] = cell;
    }
  }

  function add(table: CellTable, head: number): void {
    for (let run = head; run !== NO_RUN; run = next[run]!) {
      addRun(table, windows, sums, { lanes, place: runs[2 * run]!, span: runs[2 * run + 1]!, corners });
    }
  }
}

/**
 * Corners of windows in a part of a row, where the border repeats the image's pixels: where they lie in its table, and how
 * many times each counts. Otherwise there are the four of a window that is cut at the image.
 */
class CornerParts {
  readonly #windows: Windows;
  readonly #sides: { readonly across: SideTerms; readonly down: SideTerms } | undefined;
  /** Of windows of one radius, each term along the whole tile: the same in all of its rows, or columns. */
  readonly #fixed: { readonly across: readonly SideFactors[]; readonly down: readonly SideFactors[] } | undefined;
  readonly #found = {
    xs: new Int32Array(PART_SIDE),
    ys: new Int32Array(PART_SIDE),
    times: new Float64Array(PART_SIDE),
  };

  constructor(windows: Windows) {
    const { rect, radius, image, border } = windows;
    this.#windows = windows;
    if (border === 'clip' || border === 'constant') return;
    const across = new SideTerms(image.width, border);
    const down = new SideTerms(image.height, border);
    this.#sides = { across, down };
    if (typeof radius !== 'number') return;
    this.#fixed = {
      across: alongSide(across, { start: rect.x, fixed: radius }, rect.width),
      down: alongSide(down, { start: rect.y, fixed: radius }, rect.height),
    };
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
    const [column, row] = [corner % across.count, Math.floor(corner / across.count)];
    if (this.#fixed === undefined) {
      const windows = { radii: radius as Uint16Array, fixed: 0, first: y * rect.width + from };
      times.fill(1, 0, to - from);
      across.fill(column, { start: rect.x + from, step: 1, ...windows }, to - from, { places: xs, times });
      down.fill(row, { start: rect.y + y, step: 0, ...windows }, to - from, { places: ys, times });
    } else {
      const [ofX, ofY] = [this.#fixed.across[column]!, this.#fixed.down[row]!];
      const timesDown = ofY.times[y]!;
      xs.set(ofX.places.subarray(from, to));
      ys.fill(ofY.places[y]!, 0, to - from);
      for (let x = from; x < to; x++) times[x - from] = ofX.times[x]! * timesDown;
    }
    return { xs, ys, times, differs: { across: across.differs(column), down: down.differs(row) } };
  }
}

/** Where a term of windows lies along a side, and how many times it counts. */
interface SideFactors {
  readonly places: Int32Array;
  readonly times: Float64Array;
}

/** All terms of windows of one radius, side by side. */
function alongSide(
  terms: SideTerms,
  windows: { readonly start: number; readonly fixed: number },
  count: number,
): SideFactors[] {
  return Array.from({ length: terms.count }, (_, term) => {
    const factors = { places: new Int32Array(count), times: new Float64Array(count).fill(1) };
    terms.fill(term, { ...windows, step: 1, radii: undefined, first: 0 }, count, factors);
    return factors;
  });
}

/** One corner of windows side by side. */
interface FoundCorners {
  readonly xs: Int32Array;
  readonly ys: Int32Array;
  readonly times: Float64Array;
  /** Along which sides its value is less that of the pixel before it; see {@link SideTerms.differs}. */
  readonly differs: { readonly across: boolean; readonly down: boolean };
}

/** Adds a run of corners, which lie in the cell. */
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
    for (let lane = 0; lane < lanes; lane++) sums[to + lane]! += sign * values[at + lane]!;
  }
}

/** A run, and how its corners are found. */
interface CornerRun {
  readonly lanes: number;
  readonly place: number;
  readonly span: number;
  readonly corners: CornerParts;
}
