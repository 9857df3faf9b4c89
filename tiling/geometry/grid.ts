import { intersect, type Rect, rectOf, type Size } from './rect.js';

/** A regular division of an image into cells of one size, row-major; cells at the right and bottom are cut. */
export interface Grid {
  readonly image: Size;
  readonly cell: Size;
  readonly across: number;
  readonly down: number;
}

/** The grid of `cell`-sized cells that covers `image`. */
export function gridOf(image: Size, cell: Size): Grid {
  return {
    image,
    cell,
    across: Math.ceil(image.width / cell.width),
    down: Math.ceil(image.height / cell.height),
  };
}

/** Number of cells. */
export function cellCount(grid: Grid): number {
  return grid.across * grid.down;
}

/** The pixels of cell `index` (row-major), cut at the image. */
export function cellRect(grid: Grid, index: number): Rect {
  return intersect(uncutCellRect(grid, index), rectOf(grid.image));
}

/** The pixels of cell `index` as if the image went on. */
export function uncutCellRect(grid: Grid, index: number): Rect {
  const column = index % grid.across;
  const row = (index - column) / grid.across;
  return { x: column * grid.cell.width, y: row * grid.cell.height, ...grid.cell };
}

/** Indices of the cells that touch `rect`, row-major; none where the rect is empty. */
export function cellsTouching(grid: Grid, rect: Rect): number[] {
  const cells: number[] = [];
  const cut = intersect(rect, rectOf(grid.image));
  if (cut.width === 0 || cut.height === 0) return cells;
  const left = Math.floor(cut.x / grid.cell.width);
  const right = Math.floor((cut.x + cut.width - 1) / grid.cell.width);
  const top = Math.floor(cut.y / grid.cell.height);
  const bottom = Math.floor((cut.y + cut.height - 1) / grid.cell.height);
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) cells.push(row * grid.across + column);
  }
  return cells;
}

/**
 * The order in which tiles run: vertical bands of `bandCells` columns, each walked row by row, so that the
 * blocks a row of tiles shares with the next one are still in a small cache when the next one needs them.
 */
export function bandOrder(grid: Grid, bandCells: number): number[] {
  const order: number[] = [];
  for (let left = 0; left < grid.across; left += bandCells) {
    const right = Math.min(left + bandCells, grid.across);
    for (let row = 0; row < grid.down; row++) {
      for (let column = left; column < right; column++) order.push(row * grid.across + column);
    }
  }
  return order;
}

/** The cell that comes `steps` after another in {@link bandOrder}; undefined past the last one. */
export function followingInBands(grid: Grid, bandCells: number, index: number, steps: number): number | undefined {
  const column = index % grid.across;
  const left = column - (column % bandCells);
  const width = Math.min(bandCells, grid.across - left);
  const place = ((index - column) / grid.across) * width + (column - left) + steps;
  const row = Math.floor(place / width);
  if (row < grid.down) return row * grid.across + left + (place % width);
  const nextLeft = left + width;
  if (nextLeft >= grid.across) return undefined;
  return followingInBands(grid, bandCells, nextLeft, place - width * grid.down);
}
