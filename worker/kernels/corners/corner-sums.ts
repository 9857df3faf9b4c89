import type { Corners } from '../../../tiling/operations/corners.js';
import { type CellTable, type CornerKernels, type CornerScratch, NO_RUN, type Windows } from '../corner-kernels.js';
import { PART_SIDE } from './window-corners.js';

/**
 * Sums of windows, each from four summed-area values, or where the border extends the image from more. Corners are sorted by the cells in which they
 * lie, so that one cell at a time is needed; where more runs of corners wait than there is room for, the cells that they
 * lie in are visited, and the next ones gather. `load` is asked for cells in row-major order between two such visits.
 *
 * Exact where the sums are as {@link laneLayout} has them.
 */
export async function sumWindows(
  kernels: Pick<CornerKernels, 'corners'>,
  layout: Pick<Corners, 'cellSide' | 'layout'>,
  windows: Windows,
  scratch: CornerScratch,
  load: (cellColumn: number, cellRow: number) => CellTable | Promise<CellTable>,
): Promise<void> {
  const { rect, image } = windows;
  const { next } = scratch;
  const across = Math.ceil(image.width / layout.cellSide);
  const down = Math.ceil(image.height / layout.cellSide);
  const heads = new Uint32Array(across * down).fill(NO_RUN);
  let touched: number[] = [];
  let count = 0;
  const corners = kernels.corners(windows, layout, scratch);
  const perPart = corners.count * Math.min(PART_SIDE, rect.width);
  for (let y = 0; y < rect.height; y++) {
    for (let from = 0; from < rect.width; from += PART_SIDE) {
      if (count + perPart > next.length) await visit();
      const to = Math.min(rect.width, from + PART_SIDE);
      for (let corner = 0; corner < corners.count; corner++) {
        const found = corners.find({ corner, y, from, to }, count);
        while (count < found) link(count++);
      }
    }
  }
  await visit();

  /** Puts a run before the others of its cell. */
  function link(run: number): void {
    const cell = next[run]!;
    if (heads[cell] === NO_RUN) touched.push(cell);
    next[run] = heads[cell]!;
    heads[cell] = run;
  }

  async function visit(): Promise<void> {
    touched.sort((a, b) => a - b);
    for (const cell of touched) {
      const loaded = load(cell % across, Math.floor(cell / across));
      corners.add(loaded instanceof Promise ? await loaded : loaded, heads[cell]!);
      heads[cell] = NO_RUN;
    }
    touched = [];
    count = 0;
  }
}
